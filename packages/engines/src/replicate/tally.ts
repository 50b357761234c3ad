import type { CallEnd, CallJournal, OpenCall } from '../engine.ts'
import { isCharged, type Prediction } from './prediction.ts'

/**
 * The journal as one `speak` writes it: what it opened and found open and has not seen the end of, and what the ends it has
 * seen cost, which is what it has to answer for.
 */
export interface Tally {
  readonly costMicros: number
  readonly open: readonly OpenCall[]
  /** Writes down that Replicate is about to be asked. */
  announce(): Promise<OpenCall>
  /** Writes down which prediction a call is. @returns false when that is another's. */
  accepted(mark: string, providerId: string): Promise<boolean>
  /** A call that was not accepted. */
  refused(mark: string): Promise<void>
  /** One that ended at the provider as it says; one that has not ended stays open. */
  ended(mark: string, prediction: Prediction): Promise<void>
  /** One that is paid, or must be taken to be, and of which nothing can be had. */
  gone(mark: string): Promise<void>
}

/** @param priceMicros of the text, which is what a call costs that is charged. */
export function createTally(journal: CallJournal, priceMicros: number): Tally {
  const open = new Map(journal.open.map((call) => [call.mark, call]))
  let costMicros = 0
  const end = async (mark: string, outcome: CallEnd['outcome'], micros: number) => {
    costMicros += micros
    open.delete(mark)
    await journal.ended(mark, { outcome, costMicros: micros })
  }
  return {
    get costMicros() {
      return costMicros
    },
    get open() {
      return [...open.values()]
    },
    async announce() {
      const announcedAt = new Date()
      const call: OpenCall = { mark: await journal.announce(), providerId: null, announcedAt }
      open.set(call.mark, call)
      return call
    },
    async accepted(mark, providerId) {
      if (!(await journal.accepted(mark, providerId))) return false
      const call = open.get(mark)
      if (call) open.set(mark, { ...call, providerId })
      return true
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
