import { EngineError, type EngineErrorCode } from '../engine.ts'
import type { Answer, Unanswered } from './transport.ts'

/** What an answer that is no success stands for. What the server says of it is kept in the cause, for the log. */
export function refusalOf(answer: Answer): EngineError {
  const said = new TextDecoder().decode(answer.bytes.subarray(0, 500))
  const { code, retryable, message } = verdict(answer)
  return new EngineError(message, {
    code,
    retryable,
    retryAfterMs: retryAfter(answer),
    cause: new Error(`The TTS server answered ${answer.status}: ${said}`),
  })
}

interface Verdict {
  readonly code: EngineErrorCode
  readonly retryable: boolean
  readonly message: string
}

function verdict(answer: Answer): Verdict {
  const { status } = answer
  // OpenAI says so with 429, others with 400: more calls would not help before somebody has paid.
  if (status === 402 || saysCode(answer, /^(insufficient_quota|billing_hard_limit_reached|insufficient_credits?)$/)) {
    return { code: 'no_credit', retryable: false, message: 'There is no credit left at the TTS server.' }
  }
  if (status === 401 || status === 403) {
    return { code: 'unauthorized', retryable: false, message: 'The TTS server does not take the key.' }
  }
  if (status === 429) {
    return { code: 'throttled', retryable: true, message: 'The TTS server takes no more requests for now.' }
  }
  if (isRefused(answer)) {
    return { code: 'invalid_input', retryable: false, message: 'The TTS server does not take this request.' }
  }
  // Not followed: the key would go where the operator did not send it.
  if (status >= 300 && status < 400) {
    return { code: 'unavailable', retryable: true, message: 'The TTS server is somewhere else, says its address.' }
  }
  if (status === 404 || status === 405) {
    return { code: 'unavailable', retryable: true, message: 'There is no such model, or no TTS server at its address.' }
  }
  if (status === 408 || status === 504) {
    return { code: 'timeout', retryable: true, message: 'The TTS server did not answer in time.' }
  }
  return { code: 'unavailable', retryable: true, message: 'The TTS server could not answer.' }
}

/** Whether the request itself was refused: too long, malformed, or with something in it that the server does not know. */
export const isRefused = ({ status }: Answer): boolean => [400, 413, 415, 422].includes(status)

/**
 * Whether what was answered so may be under way all the same. A server that failed has charged nothing; a gateway that did
 * not wait for it says nothing of what it does.
 */
export const mayGoOn = ({ status }: Answer): boolean => status === 408 || status === 504

/** What it stands for that there is no answer. */
export function silenceOf(failure: Unanswered): EngineError {
  const [code, message]: [EngineErrorCode, string] =
    failure.kind === 'too_long'
      ? ['bad_output', 'What the TTS server sends is longer than any speech of this text.']
      : failure.timedOut
        ? ['timeout', 'The TTS server did not answer in time.']
        : ['unavailable', 'The TTS server could not be reached.']
  return new EngineError(message, { code, retryable: true, cause: failure })
}

function saysCode({ bytes }: Answer, pattern: RegExp): boolean {
  const { error } = Object(parseJson(bytes))
  const { code, type } = Object(error)
  return [code, type].some((each) => typeof each === 'string' && pattern.test(each))
}

/** @returns `undefined` for what is none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

/** From `retry-after-ms`, else from `retry-after`, in seconds or as a date. In milliseconds. */
function retryAfter(answer: Answer): number | null {
  const ms = answer.header('retry-after-ms')
  if (ms !== undefined && /^\d+(\.\d+)?$/.test(ms)) return Math.ceil(Number(ms))
  const after = answer.header('retry-after')
  if (after === undefined) return null
  if (/^\d+(\.\d+)?$/.test(after)) return Math.ceil(Number(after) * 1000)
  const date = Date.parse(after)
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now())
}
