import { text } from 'node:stream/consumers'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { reconcileStorage } from './reconcile.ts'

/** Twice of this, and of how long an object may be young, is a day, by whose end none is left that has no row. */
const everyHours = 6
/** Longer than anything is being made. */
const youngHours = 6

/**
 * Now and then compares the store with the database, in one process of all. A comparison that is killed is not made up for:
 * the next one does the same.
 */
export async function sweepStorage(caller: Caller<'db' | 'storage' | 'log'>, signal: AbortSignal): Promise<void> {
  const { db, storage, log } = caller
  const { rows } = await sql<{ mark: string }>`
    insert into storage_sweep as s (begun_at) values (clock_timestamp())
    on conflict (id) do update set begun_at = excluded.begun_at
      where s.begun_at < clock_timestamp() - ${everyHours} * interval '1 hour'
    returning mark
  `.execute(db)
  const [due] = rows
  if (!due) return
  // A database that is new, or another one, knows nothing of what is in the store.
  const mark = await readMark(caller, due.mark)
  if (mark !== due.mark) {
    const remedy = `give this installation a STORAGE_URL of its own, or remove the object ${markKey} if the store is this one's`
    log.error({ mark, expected: due.mark }, `the store belongs to another installation and is not swept: ${remedy}`)
    return
  }
  const unfinished = await storage.sweepUnfinished()
  const { orphans, forgotten, missing } = await reconcileStorage(caller, {
    youngMs: youngHours * 3_600_000,
    signal,
  })
  if (unfinished + orphans + forgotten > 0) log.info({ unfinished, orphans, forgotten }, 'compared store and database')
  if (missing.length > 0) {
    log.error({ missing: missing.length, first: missing.slice(0, 10) }, 'the store has lost objects that rows name')
  }
}

const markKey = 'installation'

/** What the store is marked with: by us, when nobody has marked it yet. */
async function readMark({ storage }: Caller<'storage'>, ours: string): Promise<string> {
  if ((await storage.size(markKey)) === null) await storage.put(markKey, Buffer.from(ours))
  return text(await storage.read(markKey))
}
