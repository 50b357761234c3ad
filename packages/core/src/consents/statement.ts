import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { mintNonce, phraseOf } from './nonce.ts'
import { type ConsentLocale, consentLocales, currentVersion, findLocale, findStatement } from './statements.ts'

export const consentStatementInput = z.strictObject({
  /** BCP 47: of `de-AT` the German one is given. */
  locale: z.string().max(35).default('en'),
})

/** What to agree to, and what to read aloud if it is recorded. */
export interface ConsentStatement {
  /** The day from which it is the one to agree to. */
  version: string
  locale: ConsentLocale
  /** What is agreed to. */
  text: string
  /** What to read aloud: nobody could have recorded it before. */
  phrase: string
  /** Goes back with the consent. It is the caller's, and can be used once. */
  nonce: string
  /** Until when. ISO 8601. */
  expiresAt: string
}

/**
 * What a person is asked to state before a voice is made of their samples.
 *
 * @throws {Refusal} `invalid_input` for a language that it is not written in, `scope_missing`, `forbidden`.
 */
export function consentStatement(
  { actor, secret }: Caller<'actor' | 'secret'>,
  { locale: wanted }: z.output<typeof consentStatementInput>,
): ConsentStatement {
  const userId = permit(actor, 'consents:write')
  const locale = findLocale(wanted)
  const statement = locale && findStatement(currentVersion, locale)
  if (!statement) {
    const [field, message] = ['locale', `must be one of ${consentLocales.join(', ')}`]
    throw new Refusal('invalid_input', `${field}: ${message}.`, { issues: [{ field, message }] })
  }
  const nonce = mintNonce(secret, { userId, version: currentVersion, locale })
  return {
    version: currentVersion,
    locale,
    text: statement.text,
    phrase: phraseOf(statement, nonce),
    nonce: nonce.text,
    expiresAt: nonce.expiresAt.toISOString(),
  }
}
