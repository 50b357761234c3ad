import { createHash } from 'node:crypto'
import type { Trx } from '@loqui/db/client'
import { sql } from 'kysely'
import { Refusal } from '../errors.ts'
import { inFlight, isWaitForKey, keyReused } from './refusals.ts'

/** A call that may be sent twice and must happen once. */
export interface IdempotentCall {
  readonly userId: string
  /** The verb, such as `generations.create`: the same key means nothing elsewhere. */
  readonly route: string
  readonly key: string
  /** What was asked, as parsed. */
  readonly request: unknown
}

const longestKey = 255

/**
 * Answers a repeated call with what the first one answered. The answer commits together with the work, so there is no
 * moment in which one exists without the other; a repeat that comes meanwhile waits for that commit.
 *
 * @throws {Refusal} `invalid_input` for a key too long, `idempotency_key_reused` for the same key with another request,
 * `idempotency_in_flight` when the first one takes longer than a lock is waited for.
 */
export async function idempotent<T extends { id: string }>(
  trx: Trx,
  call: IdempotentCall,
  run: () => Promise<T>,
): Promise<T> {
  if (call.key.length === 0 || call.key.length > longestKey) {
    throw new Refusal('invalid_input', `Idempotency-Key: must be 1 to ${longestKey} characters long.`, {
      issues: [{ field: 'Idempotency-Key', message: `must be 1 to ${longestKey} characters long` }],
    })
  }
  const hash = createHash('sha256').update(JSON.stringify(call.request)).digest()
  const where = { user_id: call.userId, route: call.route, key: call.key }
  const claimed = await trx
    .insertInto('idempotency')
    .values({ ...where, request_hash: hash, response: null, about: null })
    .onConflict((conflict) =>
      conflict
        .columns(['user_id', 'route', 'key'])
        .doUpdateSet({ request_hash: hash, response: null, about: null, created_at: sql`now()` })
        .where('idempotency.created_at', '<', sql<Date>`now() - interval '24 hours'`),
    )
    .returning('key')
    .executeTakeFirst()
    .catch((error: unknown) => {
      throw isWaitForKey(error) ? inFlight(error) : error
    })
  const row = trx
    .selectFrom('idempotency')
    .select(['request_hash', 'response'])
    .where((eb) => eb.and(where))
  if (!claimed) {
    const stored = await row.executeTakeFirstOrThrow()
    if (!stored.request_hash.equals(hash)) {
      throw keyReused()
    }
    // The column holds what the same verb answered, as JSON.
    return JSON.parse(stored.response ?? 'null') as T
  }
  const response = await run()
  await trx
    .updateTable('idempotency')
    .set({ response: JSON.stringify(response), about: response.id })
    .where((eb) => eb.and(where))
    .execute()
  return response
}
