import type { ListedObject, Storage } from '@loqui/storage/storage'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'

/** Where everything of ours lies. What else there is in the store is somebody's. */
const prefixes = ['generations/', 'samples/', 'previews/']
/** How many keys go to the database at once. */
const atOnce = 500
/** What seems to be missing is looked for once more; beyond so many the store is not what the rows are about. */
const mostLookedFor = 1_000

/** What a comparison of the store with the database found. */
export interface Reconciled {
  /** Objects that no row named, and that were removed. */
  readonly orphans: number
  /** Renditions and previews whose objects were gone: they are made again when they are asked for. */
  readonly forgotten: number
  /** Keys that rows name, that the store does not have, and that cannot be made again. */
  readonly missing: readonly string[]
}

/**
 * Compares all that the store holds with all that rows name, and mends what can be mended.
 *
 * @param options.youngMs for how long an object may be there before its row is
 * @throws the reason of `signal` when aborted.
 */
export async function reconcileStorage(
  { db, storage }: Caller<'db' | 'storage'>,
  { youngMs, signal }: { readonly youngMs: number; readonly signal?: AbortSignal },
): Promise<Reconciled> {
  // One session, which keeps what was seen in the store however much it is, and loses it however it ends.
  return db.connection().execute(async (session) => {
    const { rows } = await sql<{ begun: Date }>`select clock_timestamp() as begun`.execute(session)
    const begun = rows[0]?.begun
    await sql`create temp table object_seen (key text primary key)`.execute(session)
    try {
      let orphans = 0
      for await (const objects of inBatches(all(storage), atOnce)) {
        signal?.throwIfAborted()
        const keys = objects.map(({ key }) => key)
        await sql`insert into object_seen select unnest(${keys}::text[]) on conflict do nothing`.execute(session)
        const old = objects.filter(({ modifiedAt }) => Date.now() - modifiedAt.getTime() >= youngMs)
        const unnamed = await sql<{ key: string }>`
          select objects_unnamed(${old.map(({ key }) => key)}::text[]) as key
        `.execute(session)
        const nobodys = unnamed.rows.map(({ key }) => key)
        if (nobodys.length > 0) await storage.remove(nobodys)
        orphans += nobodys.length
      }

      const { rows: unseen } = await sql<{ noun: string; id: string; key: string }>`
        select noun, id, key from object_named n
        where since < ${begun} and not exists (select from object_seen s where s.key = n.key)
        order by key
      `.execute(session)
      const gone: typeof unseen = []
      for (const each of unseen) {
        signal?.throwIfAborted()
        if (gone.length >= mostLookedFor || (await storage.size(each.key)) === null) gone.push(each)
      }
      const again = gone.filter(({ noun }) => noun === 'rendition' || noun === 'preview').map(({ key }) => key)
      await session
        .deleteFrom('rendition')
        .where('audio_key', 'in', [...again, ''])
        .execute()
      await session
        .deleteFrom('voice_preview')
        .where('audio_key', 'in', [...again, ''])
        .execute()
      return {
        orphans,
        forgotten: again.length,
        missing: gone.flatMap(({ key }) => (again.includes(key) ? [] : [key])),
      }
    } finally {
      await sql`drop table object_seen`.execute(session)
    }
  })
}

async function* all(storage: Storage): AsyncGenerator<ListedObject> {
  for (const prefix of prefixes) yield* storage.list(prefix)
}

async function* inBatches<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let batch: Item[] = []
  for await (const item of items) {
    if (batch.push(item) < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
