'use client'

import { Loqui } from '@loqui/sdk'
import { LoquiProvider } from '@loqui/sdk/react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'

/** Stands in the layout, around every page that speaks. */
export function Providers({ baseUrl, children }: { readonly baseUrl: string; readonly children: ReactNode }) {
  const [queryClient] = useState(() => new QueryClient())
  const [loqui] = useState(() => new Loqui({ baseUrl, token: askForToken }))
  return (
    <QueryClientProvider client={queryClient}>
      <LoquiProvider loqui={loqui} queryClient={queryClient}>
        {children}
      </LoquiProvider>
    </QueryClientProvider>
  )
}

async function askForToken(): Promise<string> {
  const answer = await fetch('/voice-token', { method: 'POST' })
  if (!answer.ok) throw new Error(`No token: ${answer.status}`)
  return answer.text()
}
