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
  /**
   * Its own limit beside its user's. Default: none. Made by a key that has a limit it shares that one's allowance, however
   * many there are, and may have a lower limit but no higher one.
   */
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
  const maker = actor.kind === 'key' ? await limitOf(db, actor.keyId) : undefined
  const requestsPerMinute = input.requestsPerMinute ?? maker?.perMinute ?? null
  if (maker && requestsPerMinute !== null && requestsPerMinute > maker.perMinute) {
    throw new Refusal(
      'forbidden',
      `requestsPerMinute: this API key cannot give more requests a minute than the ${maker.perMinute} it may make.`,
    )
  }
  const { row, secret } = await mintKey(db, {
    userId,
    name: input.name,
    scopes: [...new Set(input.scopes)],
    requestsPerMinute,
    allowanceOf: maker?.allowanceId ?? null,
    expiresAt: input.expiresInDays === null ? null : new Date(Date.now() + input.expiresInDays * 86_400_000),
  })
  return { key: toApiKey(row), secret }
}

/** The limit of a key, where it has one, and the key whose allowance it draws on. */
async function limitOf(db: Db, keyId: string): Promise<{ perMinute: number; allowanceId: string } | undefined> {
  const row = await db
    .selectFrom('api_key')
    .select(['requests_per_minute', 'allowance_of'])
    .where('id', '=', keyId)
    .executeTakeFirstOrThrow()
  if (row.requests_per_minute === null) return undefined
  return { perMinute: row.requests_per_minute, allowanceId: row.allowance_of ?? keyId }
}
