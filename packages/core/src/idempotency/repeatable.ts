import { createHash } from 'node:crypto'
import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'
import { Refusal } from '../errors.ts'
import { inFlight, isWaitForKey, keyReused } from './refusals.ts'

/** How a call can be told from a repetition of itself, as far as it says. */
export interface Repeatable {
  /** `Idempotency-Key`: with the same key and input the first answer is given again and nothing is made. */
  readonly idempotencyKey?: string | undefined
  /**
   * How often the sender has tried before, from SDKs that repeat a call without a key (OpenAI's `x-stainless-retry-count`).
   * Such a repetition, of the same credentials and input within a minute, is one call too.
   */
  readonly retryCount?: number | undefined
}

/** What a database function needs to do a call once. */
export interface Once {
  /** The verb, such as `generations.create`: the same key means nothing elsewhere. */
  readonly route: string
  readonly key: string
  /** SHA-256 of the input as parsed. */
  readonly hash: Buffer
  /** How long the key answers with its first call: an interval. */
  readonly keep: string
  /** The call is known to be a first one. */
  readonly anew: boolean
  /** What an earlier call with this key answered. @throws {Refusal} `idempotency_key_reused`. */
  earlier(db: Db): Promise<string | undefined>
  /** Makes `idempotency_in_flight` of a wait for the key that took too long. */
  explain(error: unknown): unknown
}

const longestKey = 255

/** @throws {Refusal} `invalid_input` for a key that is too long. */
export function readRepeatable(
  { idempotencyKey, retryCount }: Repeatable,
  verb: string,
  input: unknown,
  { userId, keyId }: { readonly userId: string; readonly keyId: string | null },
): Once | undefined {
  const hash = createHash('sha256').update(JSON.stringify(input)).digest()
  if (idempotencyKey !== undefined) {
    if (idempotencyKey.length === 0 || idempotencyKey.length > longestKey) {
      throw new Refusal('invalid_input', `Idempotency-Key: must be 1 to ${longestKey} characters long.`, {
        issues: [{ field: 'Idempotency-Key', message: `must be 1 to ${longestKey} characters long` }],
      })
    }
    return once(userId, { route: verb, key: idempotencyKey, hash, keep: '24 hours', anew: false })
  }
  if (retryCount === undefined) return undefined
  const key = createHash('sha256')
    .update(hash)
    .update(keyId ?? 'session')
    .digest('base64url')
  return once(userId, { route: `${verb}${retried}`, key, hash, keep: '1 minute', anew: retryCount === 0 })
}

/** The end of routes whose rows tell repetitions without a key; the sweep forgets them after a minute. */
export const retried = '/retried'

type Row = Pick<Once, 'route' | 'key' | 'hash' | 'keep' | 'anew'>

function once(userId: string, row: Row): Once {
  return {
    ...row,
    async earlier(db) {
      if (row.anew) return undefined
      const stored = await db
        .selectFrom('idempotency')
        .select(['request_hash', 'response'])
        .where((eb) => eb.and({ user_id: userId, route: row.route, key: row.key }))
        .where('created_at', '>=', sql<Date>`now() - ${row.keep}::interval`)
        .executeTakeFirst()
      if (stored && !stored.request_hash.equals(row.hash)) throw keyReused()
      return stored?.response ?? undefined
    },
    explain: (error) => (isWaitForKey(error) ? inFlight(error) : error),
  }
}
