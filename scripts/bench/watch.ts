/** What a process has been through since it was asked the last time. */
export interface Watched {
  /** The most memory that was resident, in bytes. */
  readonly rssBytes: number
  /** The longest that its event loop kept a timer waiting, in milliseconds: for its own work, or for a core. */
  readonly stalledMs: number
  /** Of that, the longest that it worked without a pause. */
  readonly busyMs: number
  /** CPU time of all its threads. */
  readonly cpuMicros: number
}
