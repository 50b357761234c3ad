import { Loqui, type Reason } from '@loqui/sdk'
import { LoquiProvider } from '@loqui/sdk/react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { cleanup, render } from '@testing-library/react'
import type { ReactElement } from 'react'
import { onTestFinished } from 'vitest'

/** An answer of a procedure other than its result. */
export class Refused {
  readonly data: object
  readonly message: string

  constructor(reason: Reason, httpStatus: number, message: string, issues: { field: string; message: string }[] = []) {
    this.message = message
    this.data = { reason, httpStatus, issues, code: 'BAD_REQUEST', retryAfterSeconds: null, requestId: 'req_test' }
  }
}

type Procedures = Record<string, (input: unknown) => unknown>

/** Renders a part of the studio with the real client, whose requests the given procedures answer. */
export async function renderPart(part: ReactElement, procedures: Procedures) {
  const loqui = new Loqui({ baseUrl: 'http://loqui.test', fetch: answer(procedures), WebSocket: null })
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const root = createRootRoute({ component: () => part, notFoundComponent: () => part })
  const router = createRouter({ routeTree: root, history: createMemoryHistory({ initialEntries: ['/start'] }) })
  await router.load()
  render(
    <QueryClientProvider client={queryClient}>
      <LoquiProvider loqui={loqui} queryClient={queryClient}>
        {/* Another router than the studio's, which its type is registered for. */}
        <RouterProvider router={router as never} />
      </LoquiProvider>
    </QueryClientProvider>,
  )
  onTestFinished(cleanup)
  return { queryClient, pathname: () => router.state.location.pathname }
}

/** As the server answers a batch, which every call of the client is part of. */
const answer =
  (procedures: Procedures): typeof fetch =>
  async (url, init) => {
    const { pathname, searchParams } = new URL(String(url))
    const inputs = JSON.parse(String(init?.body ?? searchParams.get('input') ?? '{}'))
    const answers = pathname
      .replace('/trpc/', '')
      .split(',')
      .map((path, index) => {
        const procedure = procedures[path]
        if (!procedure) throw new Error(`Nobody answers ${path} in this test.`)
        const result = procedure(inputs[index]?.json)
        return result instanceof Refused
          ? { error: { json: { message: result.message, code: -32600, data: result.data } } }
          : { result: { data: { json: result } } }
      })
    const refused = answers.some((each) => 'error' in each)
    return Response.json(answers, { status: refused ? 400 : 200 })
  }
