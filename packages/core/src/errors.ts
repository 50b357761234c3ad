import type { Limit } from './limits/limit.ts'

/**
 * Every reason Loqui gives for not doing what it was asked: one closed union, the same in tRPC, REST and the SDK.
 * A generation that ended badly carries one of them too.
 */
export const reasons = [
  // what was sent
  'invalid_input',
  'cursor_malformed',
  'text_empty',
  'text_too_long',
  'text_not_speakable',
  'format_unsupported',
  'payload_too_large',
  'upload_incomplete',
  'upload_too_slow',
  // what an uploaded file turned out to be
  'audio_unsupported',
  'audio_undecodable',
  'audio_mislabeled',
  'audio_too_short',
  'audio_too_long',
  'audio_too_complex',
  'audio_silent',
  'audio_clipped',
  // who asks
  'unauthenticated',
  'session_expired',
  'wrong_credentials',
  'api_key_malformed',
  'api_key_invalid',
  'api_key_expired',
  'api_key_revoked',
  'token_invalid',
  'token_expired',
  'account_disabled',
  'forbidden',
  'scope_missing',
  'origin_forbidden',
  // what it is about
  'not_found',
  'user_not_found',
  'plan_not_found',
  'key_not_found',
  'voice_not_found',
  'sample_not_found',
  'consent_not_found',
  'voice_unavailable',
  'voice_not_cloneable',
  'consent_required',
  'sample_in_use',
  'alias_taken',
  'pronunciation_not_found',
  'pronunciation_exists',
  'generation_not_found',
  'events_expired',
  'audio_not_ready',
  'link_invalid',
  'link_expired',
  'email_taken',
  'refund_not_possible',
  'idempotency_key_reused',
  'idempotency_in_flight',
  // what there is room for
  'quota_exceeded',
  'budget_exceeded',
  'storage_quota_exceeded',
  'rate_limited',
  'concurrency_limited',
  'busy',
  'storage_full',
  // what broke
  'engine_failed',
  'service_unavailable',
  'internal',
] as const

export type Reason = (typeof reasons)[number]

/** One field of an input and what it accepts. */
export interface Issue {
  /** Path to the field, such as `settings.speed`. */
  readonly field: string
  readonly message: string
}

/** An expected refusal: nothing was changed. `message` is a sentence for people and safe to show. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reason: Reason
  readonly issues: readonly Issue[]
  /** When the same call may be tried again, in seconds. */
  readonly retryAfterSeconds: number | undefined
  /** Those that refused. */
  readonly limits: readonly Limit[]

  constructor(
    reason: Reason,
    message: string,
    options: {
      issues?: readonly Issue[]
      retryAfterSeconds?: number
      limits?: readonly Limit[]
      cause?: unknown
    } = {},
  ) {
    super(message, { cause: options.cause })
    this.reason = reason
    this.issues = options.issues ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
    this.limits = options.limits ?? []
  }
}
