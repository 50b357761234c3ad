import { randomUUID } from 'node:crypto'
import type { FakeReplicate } from '@loqui/fake-replicate/server'
import {
  type CallEnd,
  type CallJournal,
  type Engine,
  EngineError,
  type OpenCall,
  type SpeakRequest,
  type Speech,
} from '../engine.ts'
import { createReplicateEngines, type ReplicateOptions } from './engine.ts'
import type { Timing } from './timing.ts'

/** Nobody waits for a fake as long as for a machine far away. Budgets that run out are short where a test is about them. */
export const quick: Partial<Timing> = {
  polls: [2, 5, 10],
  pollsBesideWebhooks: [60_000],
  looks: [5, 10, 20],
  retries: [2, 5],
}

export function openEngines(fake: FakeReplicate, options: Partial<ReplicateOptions> = {}): Engine[] {
  return createReplicateEngines({
    token: fake.token,
    baseUrl: fake.baseUrl,
    limiter: { take: async () => undefined },
    ...options,
    timing: { ...quick, ...options.timing },
  })
}

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

export interface Outcome {
  readonly speech: Speech | null
  /** Of each attempt that failed: the code, or the name of what is no `EngineError`. */
  readonly errors: readonly string[]
}

/** Tries a segment as the core does: again where that may help, following what is open. */
export async function speakPersistently(
  engine: Engine,
  request: SpeakRequest,
  journal: TestJournal,
  { attempts = 3, signal = new AbortController().signal } = {},
): Promise<Outcome> {
  const errors: string[] = []
  while (errors.length < attempts) {
    try {
      return { speech: await engine.speak(request, { signal, calls: journal }), errors }
    } catch (error) {
      errors.push(error instanceof EngineError ? error.code : error instanceof Error ? error.name : String(error))
      if (!(error instanceof EngineError) || !error.retryable) break
    }
  }
  return { speech: null, errors }
}
