import { sql } from 'kysely'
import type { Actor } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { generationNotFound } from '../generations/queries.ts'
import { sampleNotFound } from '../samples/queries.ts'
import { verifyPath } from './sign.ts'

/** What links can be made to, with what its holder may do and what to say where it is gone. */
const kinds = {
  sample: { scope: 'samples:read', notFound: sampleNotFound },
  generation: { scope: 'generations:read', notFound: generationNotFound },
} as const

/** The address of a link, and the object it is about. */
export interface SignedAddress {
  readonly kind: keyof typeof kinds
  /** As the database knows it. */
  readonly id: string
  readonly path: string
  readonly query: URLSearchParams
}

/**
 * Who acts when a link is opened: somebody who may read what it was made for, in the name of whom that belongs to.
 *
 * @throws {Refusal} `link_invalid`, `link_expired`; `sample_not_found` or `generation_not_found` when it is deleted, or its
 * owner's account is disabled.
 */
export async function openLink(caller: Caller<'db' | 'secret'>, address: SignedAddress): Promise<Actor> {
  const expiresAt = verifyPath(caller, address.path, address.query)
  const { scope, notFound } = kinds[address.kind]
  const { rows } = await sql<{ expired: boolean; user_id: string | null }>`
    select ${expiresAt}::timestamptz <= clock_timestamp() as expired, (
      select a.id from ${sql.table(address.kind)} o join account a on a.id = o.user_id
      where o.id = ${address.id} and o.deleted_at is null and a.disabled_at is null
    ) as user_id
  `.execute(caller.db)
  const [row] = rows
  if (!row) throw new Error('the database did not answer about a link')
  if (row.expired)
    throw new Refusal('link_expired', `This link expired at ${expiresAt.toISOString()}. Ask for a new one.`)
  if (row.user_id === null) throw notFound()
  return { kind: 'link', userId: row.user_id, scopes: [scope] }
}
