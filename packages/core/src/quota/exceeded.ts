import { Refusal } from '../errors.ts'

/**
 * @param neededMs what would have to be reserved.
 * @param waitSeconds until the next period begins.
 */
export function quotaExceeded(neededMs: number, remainingMs: number, waitSeconds: number): Refusal {
  return new Refusal(
    'quota_exceeded',
    `This text needs up to ${seconds(neededMs)} s of audio, and ${seconds(remainingMs)} s are left in this period.`,
    { retryAfterSeconds: Math.max(1, waitSeconds) },
  )
}

const seconds = (ms: number) => (ms / 1000).toFixed(1)
