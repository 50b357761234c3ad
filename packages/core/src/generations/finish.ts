import type { Db, Trx } from '@loqui/db/client'
import type { GenerationRow } from '@loqui/db/schema/generations'
import { sql } from 'kysely'
import type { Reason } from '../errors.ts'

/** Who is allowed to end a generation: the attempt that holds it, or its owner, who needs none. */
export type Ending =
  | { readonly state: 'failed'; readonly attempt: string; readonly reason: Reason; readonly message: string }
  | { readonly state: 'canceled' }

/** Ends a generation and releases all it held, or answers `undefined` when somebody else ended it first. */
export async function giveUp(db: Db | Trx, id: string, ending: Ending): Promise<GenerationRow | undefined> {
  const { attempt, reason, message } =
    ending.state === 'failed' ? ending : { attempt: null, reason: null, message: null }
  const { rows } = await sql<GenerationRow>`
    select g.* from generation_give_up(${id}, ${attempt}, ${ending.state}, ${reason}, ${message}) g where g.id is not null
  `.execute(db)
  return rows[0]
}

/** Cancels a generation whose consent has ended; `undefined` when it is final already, or may go on. */
export async function cancelUnconsented(db: Db, id: string): Promise<GenerationRow | undefined> {
  const { rows } = await sql<GenerationRow>`
    select g.* from generation_cancel_unconsented(${id}) g where g.id is not null
  `.execute(db)
  return rows[0]
}
