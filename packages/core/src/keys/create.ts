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
})

/** A key just made. `secret` is what goes into `Authorization: Bearer`, and is shown this once. */
export interface CreatedKey {
  key: ApiKey
  secret: string
}

/**
 * Makes an API key. A key can make others (scope `keys:write`), but none that may do more than itself.
 *
 * @throws {Refusal} `scope_missing`.
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
  const { row, secret } = await mintKey(db, {
    userId,
    name: input.name,
    scopes: [...new Set(input.scopes)],
    expiresAt: input.expiresInDays === null ? null : new Date(Date.now() + input.expiresInDays * 86_400_000),
  })
  return { key: toApiKey(row), secret }
}
