import { Agent, type Response as Answer, fetch } from 'undici'
import { cannotHaveLeft, codeOf } from '../network.ts'
import { ReplicateFailure } from './failure.ts'
import { cancelAfter } from './timing.ts'

/** A page of predictions with their logs is the longest that is answered. */
const mostBytes = 16 * 1024 * 1024

/**
 * The `fetch` that the `replicate` package is given. The package sends again whatever fails, at once and up to six times,
 * creations included, and does not read `Retry-After`. So no failure reaches it as what it is: it gets an answer of 400,
 * which it passes on, and what it stands for is kept beside it.
 */
export interface Transport {
  readonly fetch: (input: Request | string, init?: RequestInit) => Promise<Response>
  /** What an answer that the package threw stands for. */
  failureBehind(answer: unknown): ReplicateFailure | undefined
  close(): Promise<void>
}

export function createTransport({ connectMs }: { readonly connectMs: number }): Transport {
  const agent = new Agent({ connect: { timeout: connectMs } })
  const failures = new WeakMap<object, ReplicateFailure>()

  const failed = (failure: ReplicateFailure) => {
    const answer = new Response(failure.message, { status: 400 })
    failures.set(answer, failure)
    return answer
  }

  return {
    async fetch(input, init) {
      const url = input instanceof Request ? input.url : String(input)
      try {
        const answer = await fetch(url, { ...(await encode(url, init)), redirect: 'manual', dispatcher: agent })
        const text = await readText(answer)
        if (!answer.ok) return failed(failureOf(answer, text))
        return new Response(answer.status === 204 ? null : text, { status: answer.status })
      } catch (cause) {
        return failed(networkFailure(cause))
      }
    },
    failureBehind: (answer) => (typeof answer === 'object' && answer !== null ? failures.get(answer) : undefined),
    close: () => agent.close(),
  }
}

/**
 * A request of the package's as undici takes it, whose forms are not Node's, and with the header that the package has no
 * option for.
 */
async function encode(url: string, { method = 'GET', headers, body, signal = null }: RequestInit = {}) {
  const all = Object.fromEntries(new Headers(headers))
  if (method === 'POST' && url.endsWith('/predictions')) all['cancel-after'] = cancelAfter
  if (!(body instanceof FormData)) return { method, headers: all, body: typeof body === 'string' ? body : null, signal }
  const form = new Response(body)
  all['content-type'] = form.headers.get('content-type') ?? ''
  return { method, headers: all, body: new Uint8Array(await form.arrayBuffer()), signal }
}

/** Read here, and whole: a body that breaks off would else throw where nobody knows what was asked. */
async function readText(answer: Answer): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > mostBytes) throw new Error('the answer is too long')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function failureOf(answer: Answer, text: string): ReplicateFailure {
  return new ReplicateFailure(`Replicate answered ${answer.status}: ${text.slice(0, 500)}`, {
    kind: 'answered',
    status: answer.status,
    retryAfterMs: answer.status === 429 ? retryAfter(answer.headers.get('retry-after'), text) : null,
  })
}

/** No answer makes us ask again at once. In milliseconds. */
const shortestWait = 100

/** From the header, in seconds or as a date, else from the body, else a second. In milliseconds. */
function retryAfter(header: string | null, text: string): number {
  const date = header === null ? Number.NaN : Date.parse(header)
  const seconds = /^\d+$/.exec(header ?? '')?.[0] ?? /"retry_after"\s*:\s*(\d+)/.exec(text)?.[1]
  if (seconds === undefined && !Number.isNaN(date)) return Math.max(shortestWait, date - Date.now())
  return Math.max(shortestWait, Number(seconds ?? 1) * 1000)
}

function networkFailure(cause: unknown): ReplicateFailure {
  const code = codeOf(cause)
  const timedOut = code === 'UND_ERR_CONNECT_TIMEOUT' || (cause instanceof Error && cause.name === 'TimeoutError')
  const kind = cannotHaveLeft(code) ? 'unreached' : 'lost'
  return new ReplicateFailure(`Replicate did not answer (${code ?? cause}).`, { kind, timedOut, cause })
}
