/** When the next request of a key is on time: all that a rate limit has to remember. */
export interface RateTable {
  key: string
  tat: Date
}

/** A place that work holds while somebody waits for it. */
export interface LeaseTable {
  id: string
  user_id: string
  /** Unless it is renewed before. */
  expires_at: Date
}
