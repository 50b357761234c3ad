import type { Trx } from '@loqui/db/client'
import { sql } from 'kysely'
import { keyReused } from './refusals.ts'
import type { Once } from './repeatable.ts'

/**
 * Answers a repeated call with what the first one answered. The answer commits together with the work, so there is no
 * moment in which one exists without the other; a repeat that comes meanwhile waits for that commit.
 *
 * @param call of `readRepeatable()`; `undefined` when each call is one of its own.
 * @throws {Refusal} `idempotency_key_reused` for the same key with another request, `idempotency_in_flight` when the
 * first one takes longer than a lock is waited for, and whatever `run` throws: then the key is free again.
 */
export async function idempotent<T>(
  trx: Trx,
  userId: string,
  call: Once | undefined,
  run: () => Promise<T>,
): Promise<T> {
  if (!call) return run()
  const where = { user_id: userId, route: call.route, key: call.key }
  const taken = { request_hash: call.hash, response: null, about: null, created_at: sql<Date>`clock_timestamp()` }
  const claimed = await trx
    .insertInto('idempotency')
    .values({ ...where, ...taken })
    .onConflict((conflict) =>
      conflict
        .columns(['user_id', 'route', 'key'])
        .doUpdateSet(taken)
        .where((eb) =>
          eb.or([
            eb.val(call.anew),
            eb('idempotency.created_at', '<', sql<Date>`clock_timestamp() - ${call.keep}::interval`),
          ]),
        ),
    )
    .returning('key')
    .executeTakeFirst()
    .catch((error: unknown) => {
      throw call.explain(error)
    })
  if (!claimed) {
    const stored = await trx
      .selectFrom('idempotency')
      .select(['request_hash', 'response'])
      .where((eb) => eb.and(where))
      .executeTakeFirstOrThrow()
    if (!stored.request_hash.equals(call.hash)) throw keyReused()
    // The column holds what the same verb answered, as JSON.
    return JSON.parse(stored.response ?? 'null') as T
  }
  const answer = await run()
  await trx
    .updateTable('idempotency')
    .set({ response: JSON.stringify(answer) })
    .where((eb) => eb.and(where))
    .execute()
  return answer
}
