import type { Db } from '@loqui/db/client'
import type { GenerationRow } from '@loqui/db/schema/generations'
import { sql } from 'kysely'

/** A generation that an attempt holds: from now on only writes that carry its token count. */
export type Claimed = GenerationRow & { readonly attempt: string }

/** Takes a generation for `attempt`, from whoever held it before; `undefined` when it has ended. */
export async function claim(db: Db, id: string, attempt: string): Promise<Claimed | undefined> {
  const { rows } = await sql<Claimed>`
    select g.* from generation_claim(${id}, ${attempt}) g where g.id is not null
  `.execute(db)
  return rows[0]
}
