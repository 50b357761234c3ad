import { Agent, request } from 'undici'
import { cannotHaveLeft, codeOf } from '../network.ts'
import type { Timing } from './timing.ts'

export interface TransportOptions {
  /** What the OpenAI SDK calls `baseURL`: as a rule it ends in `/v1`. */
  readonly baseUrl: string
  readonly apiKey?: string | undefined
  readonly timing: Timing
}

export interface Question {
  /** Below the base address. */
  readonly path: string
  /** Sent as JSON by POST; without one it is a GET. */
  readonly body?: object
  /** Until all of the answer is there, in milliseconds. */
  readonly budget: number
  /** Of the answer. What is longer is not read. */
  readonly mostBytes: number
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  /** One header, by its name in lower case. */
  header(name: string): string | undefined
  readonly bytes: Uint8Array
}

/** Why there is no answer, or no whole one. `unreached`: what was asked cannot have been heard. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
  readonly kind: 'unreached' | 'lost' | 'too_long'
  readonly timedOut: boolean

  constructor(
    message: string,
    options: { kind: 'unreached' | 'lost' | 'too_long'; timedOut?: boolean; cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.kind = options.kind
    this.timedOut = options.timedOut ?? false
  }
}

/** Sends each question once, to the base address and nowhere else: a redirect is an answer, which nobody follows with the key. */
export interface Transport {
  /** @throws {Unanswered}; the signal's reason. */
  ask(question: Question): Promise<Answer>
  close(): Promise<void>
}

export function createTransport({ baseUrl, apiKey, timing }: TransportOptions): Transport {
  const base = baseUrl.replace(/\/+$/, '')
  const agent = new Agent({
    connect: { timeout: timing.connect },
    headersTimeout: timing.speech,
    bodyTimeout: timing.idle,
    // A connection for each question: one that is kept and that the server closes just then loses what was asked, and nobody
    // can tell whether it was heard.
    pipelining: 0,
  })
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }

  return {
    async ask({ path, body, budget, mostBytes, signal }) {
      signal.throwIfAborted()
      const late = AbortSignal.timeout(budget)
      try {
        const {
          statusCode,
          headers,
          body: answer,
        } = await request(base + path, {
          method: body ? 'POST' : 'GET',
          headers: { ...authorization, ...(body && { 'content-type': 'application/json' }) },
          body: body ? JSON.stringify(body) : null,
          signal: AbortSignal.any([signal, late]),
          dispatcher: agent,
        })
        const chunks: Uint8Array[] = []
        let bytes = 0
        for await (const chunk of answer as AsyncIterable<Uint8Array>) {
          bytes += chunk.byteLength
          // Leaving the loop ends the connection.
          if (bytes > mostBytes)
            throw new Unanswered(`the answer is longer than ${mostBytes} bytes`, { kind: 'too_long' })
          chunks.push(chunk)
        }
        return {
          status: statusCode,
          header: (name) => [headers[name]].flat()[0],
          bytes: Buffer.concat(chunks, bytes),
        }
      } catch (cause) {
        signal.throwIfAborted()
        if (cause instanceof Unanswered) throw cause
        const code = codeOf(cause)
        const timedOut = late.aborted || (code?.endsWith('_TIMEOUT') ?? false)
        const kind = cannotHaveLeft(code) ? 'unreached' : 'lost'
        throw new Unanswered(`nobody answers (${code ?? cause})`, { kind, timedOut, cause })
      }
    },
    // What is under way has been aborted by its own signal; nobody waits for the rest.
    close: () => agent.destroy(),
  }
}
