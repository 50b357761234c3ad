import { Refusal } from '../errors.ts'

/** What there is of a period's audio. */
export interface QuotaLeft {
  readonly granted_ms: number
  readonly remaining_ms: number
  readonly period_seconds: number
  /** Until the next period begins. */
  readonly wait_seconds: number
}

/** @param neededMs what would have to be reserved. */
export function quotaExceeded(neededMs: number, left: QuotaLeft): Refusal {
  const retryAfterSeconds = Math.max(1, left.wait_seconds)
  return new Refusal(
    'quota_exceeded',
    `This text needs up to ${seconds(neededMs)} s of audio, and ${seconds(left.remaining_ms)} s are left in this period.`,
    {
      retryAfterSeconds,
      limits: [
        {
          policy: 'audio',
          quota: Math.floor(left.granted_ms / 1000),
          unit: 'audio-seconds',
          windowSeconds: left.period_seconds,
          remaining: Math.floor(left.remaining_ms / 1000),
          growsInSeconds: retryAfterSeconds,
        },
      ],
    },
  )
}

const seconds = (ms: number) => (ms / 1000).toFixed(1)
