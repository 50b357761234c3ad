import type { GenerationRow } from '@loqui/db/schema/generations'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import type { Claimed } from './claim.ts'
import type { JoinedAudio } from './join.ts'
import { LeaseLost } from './lease.ts'

/**
 * Makes a generation succeed: charges the length of its audio, releases the rest of what was held, keeps the object and
 * announces it, all in one transaction and only for the attempt that holds it.
 *
 * @throws {LeaseLost} when the attempt lost it; its object is removed.
 */
export async function settle(
  { db, hints, storage }: Caller<'db' | 'hints' | 'storage'>,
  { id, attempt }: Claimed,
  audio: JoinedAudio,
): Promise<GenerationRow> {
  const { rows } = await sql<GenerationRow>`
    select g.* from generation_succeed(${id}, ${attempt}, ${audio.durationMs}, ${audio.key}, ${audio.bytes}, ${audio.sha256}) g
    where g.id is not null
  `.execute(db)
  const [row] = rows
  if (!row) {
    await storage.remove([audio.key])
    throw new LeaseLost()
  }
  hints.hint('events', row.user_id)
  return row
}
