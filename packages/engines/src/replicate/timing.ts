/** How long anything may take, in milliseconds. Each is a budget of its own: none is paid out of another's. */
export interface Timing {
  /** Until there is a connection: then the request has certainly not been heard. */
  readonly connect: number
  /** Until a creation is answered. */
  readonly create: number
  /** Until any other question is answered. */
  readonly ask: number
  readonly upload: number
  /** Of an output, whole. */
  readonly download: number
  /**
   * Given to Replicate to answer a cancel before an abort goes through; and before that as much again where it has not yet
   * answered a creation.
   */
  readonly cancel: number
  /** From being accepted to its end. Longer than `Cancel-After`, so that as a rule Replicate ends it. */
  readonly call: number
  /** Between looks at a call under way; the last one is kept to. */
  readonly polls: readonly number[]
  /** The same where a webhook tells: looks are for the one that does not come. */
  readonly pollsBesideWebhooks: readonly number[]
  /** Before each look for a creation whose answer was lost. */
  readonly looks: readonly number[]
  /** Before each further try of a download or of a look that failed. */
  readonly retries: readonly number[]
  /** The most that a call waits at a limit before it gives up and says until when. */
  readonly patience: number
}

export const usualTiming: Timing = {
  connect: 3_000,
  create: 15_000,
  ask: 5_000,
  upload: 60_000,
  download: 60_000,
  cancel: 1_000,
  call: 11 * 60_000,
  polls: [400, 600, 800, 1_000, 1_500, 2_000, 3_000],
  pollsBesideWebhooks: [2_000, 5_000, 10_000, 15_000],
  looks: [250, 1_000, 3_000],
  retries: [300, 1_000, 3_000],
  patience: 15_000,
}

/** What is sent as `Cancel-After`: a prediction whose id was lost ends by itself. */
export const cancelAfter = '10m'

/** An hour after its end Replicate deletes what a prediction was given and made. */
export const keepsForMs = 3_600_000

/**
 * A creation that was announced so long ago, since its process stood still meanwhile, is not sent any more: then its answer has
 * come, or its line is dropped, well before `certainAfterMs`, when others take what they cannot find for never accepted.
 */
export const sentWithinMs = 15_000

/** A creation whose line was dropped may still be on its way, and the list behind: twice what is waited for an answer, and more. */
export const certainAfterMs = 45_000
