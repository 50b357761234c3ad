import { CSPProvider } from '@base-ui/react/csp-provider'
import { Loqui } from '@loqui/sdk'
import { LoquiProvider } from '@loqui/sdk/react'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from './query-client.ts'
import { createStudioRouter } from './router.tsx'
import { accountQuery } from './session/account.ts'
import { showInBrowserChrome } from './theme/theme.ts'
import { ToastProvider } from './ui/toast.tsx'

const loqui = new Loqui()
const queryClient = createQueryClient(() => {
  // The studio's route asks again who is there, and shows the way to the log-in page and back.
  queryClient.removeQueries({ queryKey: accountQuery(loqui).queryKey })
  void router.invalidate()
})
const router = createStudioRouter({ loqui, queryClient })

showInBrowserChrome()

const container = document.getElementById('root')
if (!container) throw new Error('index.html has no #root.')
createRoot(container).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <LoquiProvider loqui={loqui} queryClient={queryClient}>
        {/* The server's policy allows no inline style elements; styles/index.css has what they would say. */}
        <CSPProvider disableStyleElements>
          <ToastProvider>
            <RouterProvider router={router} />
          </ToastProvider>
        </CSPProvider>
      </LoquiProvider>
    </QueryClientProvider>
  </StrictMode>,
)
