import type { Db } from '@loqui/db/client'
import type { ProviderCallRow } from '@loqui/db/schema/calls'
import { type CallJournal, type Engine, EngineError, type SpeakRequest } from '@loqui/engines/engine'
import { sql } from 'kysely'
import { newId } from '../ids.ts'
import type { Cover } from './cover.ts'
import { whyLost } from './lease.ts'
import type { Claimed, Transitions } from './transitions.ts'

/** Calls that are written down of one segment, but for those that were not accepted: then the segment has failed. */
export const mostCalls = 2

/** Whether the audio of a call can be had but once: it is paid, and whoever misses the answer cannot ask for it again. */
export const isHeardOnce = ({ journaled, provider }: Engine): boolean => journaled && provider === null

/** What is kept of a request until its call has ended, so that it can be found where its id was lost. */
export type AskedFor = Pick<SpeakRequest, 'text' | 'voice' | 'settings' | 'seed'>

/** A segment was asked for as often as it may be. */
export class CallsExhausted extends Error {
  override readonly name = 'CallsExhausted'
}

/** A journal that knows whose audio came out of it. */
export interface Journal extends CallJournal {
  /** Mark of the call that succeeded last. */
  readonly taken: string | null
  /** Settles when that is written down, with what it cost: to be waited for before its audio is kept or judged in the books. */
  readonly written?: Promise<void> | undefined
}

interface JournalContext {
  readonly db: Db
  readonly transitions: Transitions
  readonly cover: Cover
  /** Told the id of every call that is followed. */
  readonly heed: (providerId: string) => void
}

/**
 * Opens the journal of one segment for an attempt. What was paid is counted where it is written down, once for every call;
 * an attempt that has lost its generation asks for nothing any more, but still says what became of what it asked for.
 *
 * @param fresh there can be no earlier calls.
 */
export async function openJournal(
  { db, transitions, cover, heed }: JournalContext,
  generation: Claimed,
  segmentIndex: number,
  asked: AskedFor,
  fresh: boolean,
): Promise<Journal> {
  const open = fresh ? [] : await readOpenCalls(db, generation, segmentIndex)
  for (const { providerId } of open) if (providerId !== null) heed(providerId)
  let taken: string | null = null
  let written: Promise<void> | undefined
  return {
    open,
    get taken() {
      return taken
    },
    get written() {
      return written
    },
    async announce() {
      const mark = newId()
      const call = { mark, index: segmentIndex, request: asked, most: mostCalls }
      // What was asked for before is taken up without: it is paid.
      const ask = () => transitions.announce(generation, { ...call, micros: cover.micros })
      let answer = await ask()
      while (answer === 'uncovered') {
        await cover.ensure()
        answer = await ask()
      }
      switch (answer) {
        case 'announced':
          return mark
        case 'lost':
          throw await whyLost(db, generation)
        case 'unknown':
          throw new EngineError('It is not known yet what became of earlier calls.', {
            code: 'unavailable',
            retryable: true,
            retryAfterMs: unknownMs,
          })
        default:
          throw new CallsExhausted(`segment ${segmentIndex} was asked for ${mostCalls} times`)
      }
    },
    async accepted(mark, providerId) {
      const held = await transitions.accept(mark, providerId)
      if (held) heed(providerId)
      return held
    },
    async ended(mark, { outcome, costMicros }) {
      await written
      if (outcome === 'succeeded') cover.spoken(segmentIndex)
      const ending = transitions.endCall(generation, { mark, outcome, costMicros })
      if (outcome !== 'succeeded') return ending
      taken = mark
      written = ending
      // There is nothing more to ask of the engine: its place is another's meanwhile. Whoever waits for it hears what is wrong.
      ending.catch(() => undefined)
    },
  }
}

/**
 * A journal of calls whose audio came and was not good enough, so that it can be taken after all where nothing better is to be
 * had. Nothing is asked for by it.
 *
 * @param known marks of those whose audio is at hand.
 */
export async function openRejected(
  { db, transitions }: Pick<JournalContext, 'db' | 'transitions'>,
  generation: Claimed,
  segmentIndex: number,
  known: readonly string[],
): Promise<Journal> {
  const rows = await db
    .selectFrom('provider_call')
    .select(['mark', 'provider_id', 'announced_at'])
    .where('generation_id', '=', generation.id)
    .where('engine', '=', generation.engine)
    .where('segment_index', '=', segmentIndex)
    .where('outcome', '=', 'rejected')
    .orderBy('number')
    .execute()
  let taken: string | null = null
  return {
    open: rows.filter(({ mark }) => !known.includes(mark)).map(toOpenCall),
    get taken() {
      return taken
    },
    announce: () => Promise.reject(new CallsExhausted('nothing more is asked for')),
    accepted: async () => false,
    async ended(mark, { outcome, costMicros }) {
      if (outcome === 'succeeded') taken = mark
      await transitions.endCall(generation, { mark, outcome, costMicros })
    },
  }
}

/**
 * Writes down that what a call made is not good enough, if the segment may be asked for once more.
 *
 * @returns false when it may not, or the attempt has lost its generation.
 */
export async function rejectCall(db: Db, { attempt }: Claimed, mark: string): Promise<boolean> {
  const { rows } = await sql<{ rejected: boolean }>`
    select call_reject(${mark}, ${attempt}, ${mostCalls}) as rejected
  `.execute(db)
  return rows[0]?.rejected === true
}

/** Writes down that the audio of a call that was rejected is kept after all. @param other is rejected in its place. */
export async function preferCall(db: Db, { attempt }: Claimed, mark: string, other?: string | null): Promise<void> {
  if (other != null) await sql`select call_end(${other}, ${attempt}, 'rejected', 0)`.execute(db)
  await sql`select call_end(${mark}, ${attempt}, 'succeeded', 0)`.execute(db)
}

/** Until then the sweep will have found out. */
const unknownMs = 15_000

/** Those whose end nobody has seen, and those whose audio nobody has kept: a segment that is stored is not asked for. */
async function readOpenCalls(db: Db, { id, engine }: Pick<Claimed, 'id' | 'engine'>, segmentIndex: number) {
  const rows = await db
    .selectFrom('provider_call')
    .select(['mark', 'provider_id', 'announced_at'])
    .where('generation_id', '=', id)
    // What another voice was asked for is no audio of this one.
    .where('engine', '=', engine)
    .where('segment_index', '=', segmentIndex)
    .where((eb) => eb.or([eb('outcome', 'is', null), eb('outcome', '=', 'succeeded')]))
    .orderBy('number')
    .execute()
  return rows.map(toOpenCall)
}

const toOpenCall = ({
  mark,
  provider_id,
  announced_at,
}: Pick<ProviderCallRow, 'mark' | 'provider_id' | 'announced_at'>) => ({
  mark,
  providerId: provider_id,
  announcedAt: announced_at,
})

/** How often a segment's audio came and was none, or not good enough, or none came: each further one has another seed. */
export async function countRerolls(
  db: Db,
  { id, engine }: Pick<Claimed, 'id' | 'engine'>,
  segmentIndex: number,
): Promise<number> {
  const { count } = await db
    .selectFrom('provider_call')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('generation_id', '=', id)
    .where('engine', '=', engine)
    .where('segment_index', '=', segmentIndex)
    .where('outcome', 'in', ['failed', 'gone', 'rejected'])
    .executeTakeFirstOrThrow()
  return Number(count)
}
