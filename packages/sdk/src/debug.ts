import type { LoquiError } from './errors.ts'

/** Something that a client does, for whoever looks for what goes wrong. It holds no credentials and no texts. */
export type DebugEntry =
  | { readonly type: 'request'; readonly method: string; readonly url: string }
  | {
      readonly type: 'response'
      readonly method: string
      readonly url: string
      readonly status: number
      readonly requestId: string | null
      readonly durationMs: number
    }
  | {
      readonly type: 'failure'
      readonly method: string
      readonly url: string
      readonly durationMs: number
      readonly error: unknown
    }
  | { readonly type: 'retry'; readonly retry: number; readonly delayMs: number; readonly error: LoquiError }
  | { readonly type: 'socket'; readonly state: string }

export type Debug = (entry: DebugEntry) => void

/** Sends a request and tells of it. Its query is left out: it may hold texts, and the signature of a link. */
export async function told(
  debug: Debug,
  input: RequestInfo | URL,
  method: string,
  send: () => Promise<Response>,
): Promise<Response> {
  const url = String(input instanceof Request ? input.url : input).replace(/\?.*/s, '')
  const started = performance.now()
  const durationMs = () => Math.round(performance.now() - started)
  debug({ type: 'request', method, url })
  try {
    const response = await send()
    const requestId = response.headers.get('x-request-id')
    debug({ type: 'response', method, url, status: response.status, requestId, durationMs: durationMs() })
    return response
  } catch (error) {
    debug({ type: 'failure', method, url, durationMs: durationMs(), error })
    throw error
  }
}
