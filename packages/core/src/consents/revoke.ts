import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { purgeKept } from '../generations/kept-failed.ts'
import { purgeAudio } from '../generations/purge.ts'
import { removePreviews } from '../voices/preview-remove.ts'
import { type Consent, toConsent } from './consent.ts'
import { type consentIdInput, findConsent } from './queries.ts'

/**
 * Ends a consent, whenever and as often as its user says so. Its voices speak no more: what they speak at the moment is
 * canceled, releases what it holds and stops within a second; what was finished of speech that failed goes. The samples it covers are deleted unless another consent
 * that holds covers them, too.
 *
 * @throws {Refusal} `consent_not_found`, `scope_missing`, `forbidden`.
 */
export async function revokeConsent(
  { db, actor, hints, storage, log }: Caller<'db' | 'actor' | 'hints' | 'storage' | 'log'>,
  { id }: z.output<typeof consentIdInput>,
): Promise<Consent> {
  const userId = permit(actor, 'consents:write')
  const { row, ended } = await transaction(db, async (trx) => {
    const { rows } = await sql<Ended>`select * from consent_revoke(${id}, ${userId})`.execute(trx)
    return { row: await findConsent(trx, userId, id), ended: rows[0] }
  })
  if (ended?.revoked) {
    for (const lost of [...ended.generations, ...ended.voices]) hints.hint('cancel', lost)
    hints.hint('events', userId)
    await removePreviews({ storage, log }, ended.objects)
    await purgeCanceled({ storage, log }, ended.generations)
    await purgeKept({ db, storage, log }, ended.voices)
  }
  return toConsent(row)
}

/** What `consent_revoke()` ended, or nothing where the consent had ended before. */
type Ended = { revoked: false } | { revoked: true; generations: string[]; voices: string[]; objects: string[] }

/** Of a book's worth of generations the sweep removes the rest. */
const mostAtOnce = 20

async function purgeCanceled({ storage, log }: Caller<'storage' | 'log'>, ids: readonly string[]): Promise<void> {
  const purges = ids.slice(0, mostAtOnce).map((id) => purgeAudio({ storage }, id))
  for (const purge of await Promise.allSettled(purges)) {
    if (purge.status === 'rejected') {
      log.warn({ error: purge.reason }, 'audio of a canceled generation is left to the sweep')
    }
  }
}
