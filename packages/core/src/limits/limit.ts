/** A policy that limits and how much of it is left: what `RateLimit-Policy` and `RateLimit` say of it. */
export interface Limit {
  readonly policy: Policy
  /** How much it allows in a window, in its unit. */
  readonly quota: number
  /** Default: requests. */
  readonly unit?: 'audio-seconds' | 'concurrent-requests'
  /** Without one it limits at any moment. */
  readonly windowSeconds?: number
  readonly remaining: number
  /** Until more remains. */
  readonly growsInSeconds: number
}

export type Policy =
  /** Of an account, by all its keys and sessions together. */
  | 'requests'
  /** Of an API key that has a limit of its own. */
  | 'key-requests'
  /** From a network address without credentials that hold. */
  | 'address-requests'
  /** Logins and registrations for one e-mail address from one network address. */
  | 'logins'
  /** Logins and registrations from a network address. */
  | 'address-logins'
  /** The plan's seconds of audio in a period. */
  | 'audio'
  /** Work of an account at the same time that somebody waits for. */
  | 'concurrency'
  /** Uploads of an account at the same time. */
  | 'uploads'
  /** Sockets and streams that are open from a network address. */
  | 'address-connections'
  /** Sockets that an account has open. */
  | 'sockets'
  /** Streams of server-sent events that an account has open. */
  | 'streams'
  /** Subscriptions of an account, over all its sockets and streams; and those over one socket. */
  | 'subscriptions'
  | 'socket-subscriptions'
