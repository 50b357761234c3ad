import type { RequestOptions } from './attempt.ts'

/** What a link to audio opens, and for how long. */
export interface LinkOptions extends RequestOptions {
  /** True: browsers save it as a file instead of playing it. @default false */
  readonly download?: boolean | undefined
  /** 60 to 604800, a week. @default 3600 */
  readonly expiresInSeconds?: number | undefined
}
