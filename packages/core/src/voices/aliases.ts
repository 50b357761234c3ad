import type { Trx } from '@loqui/db/client'
import { Refusal } from '../errors.ts'

/**
 * Makes these the names that a user calls a voice by, and no others.
 *
 * @throws {Refusal} `alias_taken` for one that is another voice's.
 */
export async function setAliases(trx: Trx, userId: string, voiceId: string, aliases: readonly string[]): Promise<void> {
  await trx.deleteFrom('voice_alias').where('voice_id', '=', voiceId).where('user_id', '=', userId).execute()
  if (aliases.length === 0) return
  // In one order, so that two calls never wait for each other in a circle.
  const kept = await trx
    .insertInto('voice_alias')
    .values(aliases.toSorted().map((alias) => ({ user_id: userId, voice_id: voiceId, alias })))
    .onConflict((conflict) => conflict.columns(['user_id', 'alias']).doNothing())
    .returning('alias')
    .execute()
  const taken = aliases.filter((alias) => !kept.some((row) => row.alias === alias))
  if (taken.length > 0) {
    const [message, field] = [`another voice of yours is called ${taken.join(', ')} already.`, 'aliases']
    throw new Refusal('alias_taken', `${field}: ${message}`, { issues: [{ field, message }] })
  }
}
