import { randomUUID } from 'node:crypto'
import type { CallEnd, CallJournal, OpenCall } from './engine.ts'

export interface JournalEntry {
  readonly mark: string
  readonly announcedAt: Date
  providerId: string | null
  end: CallEnd | null
}

/** The journal of one segment, as the core keeps it in a table: no more than two creations that may have been accepted. */
export interface TestJournal extends CallJournal {
  readonly entries: readonly JournalEntry[]
  readonly costMicros: number
  /** Nothing that was written down is without an end. */
  readonly isComplete: boolean
}

/** More is not asked for: the segment has failed. */
export const mostCreations = 2

export function createJournal(isTaken: (providerId: string) => boolean = () => false): TestJournal {
  const entries: JournalEntry[] = []
  const of = (mark: string) => {
    const entry = entries.find((each) => each.mark === mark)
    if (!entry) throw new Error(`nobody announced ${mark}`)
    return entry
  }
  return {
    entries,
    get open(): OpenCall[] {
      return entries.filter(({ end }) => end === null || end.outcome === 'succeeded')
    },
    get costMicros() {
      return entries.reduce((sum, { end }) => sum + (end?.costMicros ?? 0), 0)
    },
    get isComplete() {
      return entries.every(({ end }) => end !== null)
    },
    async announce() {
      if (entries.filter(({ end }) => end?.outcome !== 'refused').length >= mostCreations) throw new Exhausted()
      const mark = randomUUID()
      entries.push({ mark, announcedAt: new Date(), providerId: null, end: null })
      return mark
    },
    async accepted(mark, providerId) {
      if (isTaken(providerId) || entries.some((each) => each.mark !== mark && each.providerId === providerId))
        return false
      const entry = of(mark)
      entry.providerId = providerId
      if (entry.end?.outcome === 'refused') entry.end = null
      return true
    },
    async ended(mark, end) {
      const entry = of(mark)
      if (end.outcome !== 'refused' || entry.providerId === null) entry.end = end
    },
  }
}

export class Exhausted extends Error {
  override readonly name = 'Exhausted'
}
