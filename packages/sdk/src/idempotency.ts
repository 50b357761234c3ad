import type { RequestOptions } from './attempt.ts'

/** Of a call that would do its work twice when made twice. */
export interface OnceOptions extends RequestOptions {
  /**
   * With the same key and input within 24 hours, the first answer is given again and nothing is done. Without one the
   * client makes its own, so that its retries are safe.
   */
  readonly idempotencyKey?: string | undefined
}

/** `crypto.randomUUID` is missing from pages that came over plain http. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
