import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { type Consent, toConsent } from './consent.ts'
import { type consentIdInput, findConsent } from './queries.ts'

/** @throws {Refusal} `consent_not_found`, `scope_missing`, `forbidden`. */
export async function getConsent(
  { db, actor }: Caller<'db' | 'actor'>,
  { id }: z.output<typeof consentIdInput>,
): Promise<Consent> {
  return toConsent(await findConsent(db, permit(actor, 'consents:read'), id))
}
