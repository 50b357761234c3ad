import { EngineError, type EngineErrorCode } from '@loqui/engines/engine'

/** What is wrong with the engine and not with what it was asked: another call fares no better, and a later one may. */
const engineWide: ReadonlySet<EngineErrorCode> = new Set([
  'unavailable',
  'timeout',
  'throttled',
  'no_credit',
  'unauthorized',
])

export const isEngineWide = (error: unknown): error is EngineError =>
  error instanceof EngineError && engineWide.has(error.code)

/** Somebody has to do something about it first. */
const needsSomebody: ReadonlySet<EngineErrorCode> = new Set(['no_credit', 'unauthorized'])

const waitMs = { least: 2_000, usual: 5_000, somebody: 60_000, most: 10 * 60_000 }

/** Beyond it an engine that names a time is not to be back soon, in milliseconds. */
const soonMs = 5_000

/** Whether an engine says of itself that it will not work for a while, or cannot without somebody's doing. */
export const isOutForLong = ({ code, retryAfterMs }: EngineError): boolean =>
  needsSomebody.has(code) || (retryAfterMs ?? 0) > soonMs

/** How long to leave an engine alone after such an error, in milliseconds; not to the millisecond, so that not all return at once. */
export function engineWaitMs({ code, retryAfterMs }: EngineError, random = Math.random): number {
  const usual = needsSomebody.has(code) ? waitMs.somebody : waitMs.usual
  const ms = Math.min(waitMs.most, Math.max(waitMs.least, retryAfterMs ?? usual))
  return Math.ceil(ms * (1 + random() / 4))
}
