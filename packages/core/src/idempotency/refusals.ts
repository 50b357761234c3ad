import { Refusal } from '../errors.ts'

export const keyReused = () =>
  new Refusal('idempotency_key_reused', 'Idempotency-Key: this key was used for another request. Use a new one.')

export const inFlight = (cause: unknown) =>
  new Refusal('idempotency_in_flight', 'Idempotency-Key: the first request with this key is still being answered.', {
    retryAfterSeconds: 1,
    cause,
  })

/** PostgreSQL's lock_not_available while it waited for the row of a key. */
export function isWaitForKey(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error && error.code === '55P03')) return false
  // What it waited in, as PostgreSQL says it of a statement by itself or within a function: not the quota's lock.
  return (
    'where' in error && typeof error.where === 'string' && /relation "idempotency"|into idempotency/.test(error.where)
  )
}
