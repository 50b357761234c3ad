/** When the next request of a key is on time: all that a rate limit has to remember. */
export interface RateTable {
  key: string
  tat: Date
}
