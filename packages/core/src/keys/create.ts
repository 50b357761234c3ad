import type { Db } from '@loqui/db/client'
import { z } from 'zod'
import { permit, scopes } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { type ApiKey, toApiKey } from './key.ts'
import { mintKey } from './mint.ts'

export const createKeyInput = z.strictObject({
  name: z.string().trim().min(1).max(100),
  scopes: z
    .array(z.enum(scopes))
    .min(1)
    .max(scopes.length)
    .default(['generations:read', 'generations:write', 'voices:read', 'usage:read']),
  /** Days until it expires; `null` for never. */
  expiresInDays: z.number().int().min(1).max(3650).nullable().default(90),
  /** Its own limit beside its user's. Default: none, or that of the key that makes it. */
  requestsPerMinute: z.number().int().min(1).max(1_000_000).optional(),
})

/** A key just made. `secret` is what goes into `Authorization: Bearer`, and is shown this once. */
export interface CreatedKey {
  key: ApiKey
  secret: string
}

/**
 * Makes an API key. A key can make others (scope `keys:write`), but none that may do more than itself.
 *
 * @throws {Refusal} `scope_missing`; `forbidden` for more requests a minute than the key itself may make.
 */
export async function createKey(
  { db, actor }: Caller<'db' | 'actor'>,
  input: z.output<typeof createKeyInput>,
): Promise<CreatedKey> {
  const userId = permit(actor, 'keys:write')
  if (actor.kind === 'key') {
    const beyond = input.scopes.filter((scope) => !actor.scopes.includes(scope))
    if (beyond.length > 0) {
      throw new Refusal(
        'scope_missing',
        `scopes: this API key cannot give what it does not have: ${beyond.join(', ')}.`,
      )
    }
  }
  const most = actor.kind === 'key' ? await limitOf(db, actor.keyId) : null
  const requestsPerMinute = input.requestsPerMinute ?? most
  if (most !== null && requestsPerMinute !== null && requestsPerMinute > most) {
    throw new Refusal(
      'forbidden',
      `requestsPerMinute: this API key cannot give more requests a minute than the ${most} it may make.`,
    )
  }
  const { row, secret } = await mintKey(db, {
    userId,
    name: input.name,
    scopes: [...new Set(input.scopes)],
    requestsPerMinute,
    expiresAt: input.expiresInDays === null ? null : new Date(Date.now() + input.expiresInDays * 86_400_000),
  })
  return { key: toApiKey(row), secret }
}

async function limitOf(db: Db, keyId: string): Promise<number | null> {
  const row = await db
    .selectFrom('api_key')
    .select('requests_per_minute')
    .where('id', '=', keyId)
    .executeTakeFirstOrThrow()
  return row.requests_per_minute
}
