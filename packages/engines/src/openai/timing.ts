/** How long things may take, in milliseconds. */
export interface Timing {
  /** Until a connection stands. */
  readonly connect: number
  /** Until a list of voices or models is there. */
  readonly list: number
  /** Of a speech, whole: a model on a slow processor takes longer to speak a sentence than one takes to hear it. */
  readonly speech: number
  /** Between two pieces of an answer. */
  readonly idle: number
  /** Before the voices are asked for again because one is wanted that is not among them. */
  readonly recent: number
}

export const usualTiming: Timing = { connect: 3_000, list: 5_000, speech: 300_000, idle: 60_000, recent: 5_000 }

/**
 * A call that was announced so long ago, since its process stood still meanwhile, is not sent any more: after ten seconds without
 * a sign the queue gives its job to another attempt, which counts it.
 */
export const sentWithinMs = 5_000

/** A server that hangs has been given up by then; until it has spoken nothing is heard of one that works, either. */
export const soundAfterMs = usualTiming.connect + usualTiming.speech + 5_000
