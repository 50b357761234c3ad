import type { CallEnd, CallJournal } from '../engine.ts'
import { isCharged, type Prediction } from './prediction.ts'

/** Writes down how calls end, and adds up what they cost: what one `speak` has to answer for. */
export interface Tally {
  readonly costMicros: number
  /** A call that was not accepted. */
  refused(mark: string): Promise<void>
  /** One that ended at the provider as it says. */
  ended(mark: string, prediction: Prediction): Promise<void>
  /** One that is paid, or must be taken to be, and of which nothing can be had. */
  gone(mark: string): Promise<void>
}

/** @param priceMicros of the text, which is what a call costs that is charged. */
export function createTally(journal: CallJournal, priceMicros: number): Tally {
  let costMicros = 0
  const end = async (mark: string, outcome: CallEnd['outcome'], micros: number) => {
    costMicros += micros
    await journal.ended(mark, { outcome, costMicros: micros })
  }
  return {
    get costMicros() {
      return costMicros
    },
    refused: (mark) => end(mark, 'refused', 0),
    gone: (mark) => end(mark, 'gone', priceMicros),
    async ended(mark, prediction) {
      const { status } = prediction
      if (status === 'starting' || status === 'processing') return
      await end(mark, status, isCharged(prediction) ? priceMicros : 0)
    },
  }
}
