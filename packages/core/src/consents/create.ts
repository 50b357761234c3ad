import type { Trx } from '@loqui/db/client'
import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { idSchema, newId } from '../ids.ts'
import { holdSamples, type OwnSample } from '../voices/samples.ts'
import { type Consent, toConsent } from './consent.ts'
import { type Nonce, phraseOf, readNonce } from './nonce.ts'
import { findConsent } from './queries.ts'
import { consentLocales, consentVersions, findStatement } from './statements.ts'

export const createConsentInput = z.strictObject({
  /** What it covers: samples of one voice. */
  sampleIds: z
    .array(idSchema('sample'))
    .min(1)
    .max(25)
    .refine((ids) => new Set(ids).size === ids.length, 'must not name a sample twice'),
  /** Whose voice it is: the caller's own, or somebody's who allowed it. */
  speaker: z.enum(['self', 'other']),
  speakerName: z.string().trim().min(1).max(200),
  /** As `consents.statement` gave them, all three of one answer. */
  nonce: z.string().max(200),
  locale: z.enum(consentLocales),
  statementVersion: z.string().max(20),
  accepted: z.literal(true, 'must be true: without it there is no consent'),
  /** A sample of purpose `consent`: the phrase, read aloud. */
  recordingId: idSchema('sample').nullish(),
  /** Default: until it is revoked. */
  expiresInDays: z.number().int().min(1).max(3650).nullish(),
})

/** Where a call comes from, as far as its edge knows. */
export interface CallOrigin {
  /** Of the network. */
  readonly address: string
  readonly userAgent?: string | undefined
}

/**
 * Writes down that a person consents: what they stated, who sent it, when and from where, and the samples it is about, by
 * their bytes.
 *
 * @throws {Refusal} `invalid_input`, `sample_not_found`, `scope_missing`, `forbidden`.
 */
export async function createConsent(
  { db, actor, secret }: Caller<'db' | 'actor' | 'secret'>,
  input: z.output<typeof createConsentInput>,
  { address, userAgent }: CallOrigin,
): Promise<Consent> {
  const userId = permit(actor, 'consents:write')
  const { locale, statementVersion: version } = input
  const statement = findStatement(version, locale)
  if (!statement) throw refuse('statementVersion', `must be one of ${consentVersions.join(', ')}`)
  const nonce = readNonce(secret, { userId, version, locale }, input.nonce)
  if (!nonce) throw refuse('nonce', 'must be that of consents.statement, with its locale and version, unchanged')
  if (nonce.expiresAt.getTime() < Date.now()) throw refuse('nonce', 'has expired; ask consents.statement for another')
  const phrase = phraseOf(statement, nonce)
  const id = newId()
  return transaction(db, async (trx) => {
    await lock(trx, 'quota', userId)
    const used = await trx.selectFrom('consent').select('id').where('nonce', '=', nonce.text).executeTakeFirst()
    if (used) throw refuse('nonce', 'was used already; ask consents.statement for another')
    const samples = await holdSamples(trx, userId, input.sampleIds, 'sampleIds')
    if (samples.some(({ purpose }) => purpose !== 'voice')) {
      throw refuse('sampleIds', 'must be samples of purpose voice')
    }
    const recording = await holdRecording(trx, userId, input.recordingId, { phrase, nonce })
    await trx
      .insertInto('consent')
      .values({
        id,
        user_id: userId,
        speaker: input.speaker,
        speaker_name: input.speakerName,
        statement: `${statement.text}\n\n${phrase}`,
        statement_version: version,
        locale,
        nonce: nonce.text,
        recording_id: recording?.id ?? null,
        recording_sha256: recording?.audio_sha256 ?? null,
        key_id: actor.kind === 'key' ? actor.keyId : null,
        address,
        user_agent: userAgent?.slice(0, 500) ?? null,
        expires_at:
          input.expiresInDays == null
            ? null
            : sql<Date>`clock_timestamp() + make_interval(days => ${input.expiresInDays}::integer)`,
        revoked_at: null,
      })
      .execute()
    await trx
      .insertInto('consent_sample')
      .values(samples.map((sample) => ({ consent_id: id, sample_id: sample.id, audio_sha256: sample.audio_sha256 })))
      .execute()
    return toConsent(await findConsent(trx, userId, id))
  })
}

/** Nobody reads faster than this, in characters a second. */
const fastestReading = 25
/** Processes' clocks and the database's may differ by so much, in milliseconds. */
const clockSkewMs = 60_000

/** @throws {Refusal} `sample_not_found`, or `invalid_input` for one that cannot be the phrase read aloud. */
async function holdRecording(
  trx: Trx,
  userId: string,
  id: string | null | undefined,
  { phrase, nonce }: { readonly phrase: string; readonly nonce: Nonce },
): Promise<OwnSample | undefined> {
  if (id === null || id === undefined) return undefined
  const field = 'recordingId'
  const [recording] = await holdSamples(trx, userId, [id], field)
  if (!recording) return undefined
  if (recording.purpose !== 'consent') throw refuse(field, 'must be a sample of purpose consent')
  const leastMs = (phrase.length / fastestReading) * 1_000
  if (recording.measured.speechMs < leastMs) {
    const [spoken, least] = [recording.measured.speechMs, leastMs].map((ms) => (ms / 1_000).toFixed(1))
    throw refuse(
      field,
      `must be the phrase read aloud; ${spoken} s of speech are too short for it, which takes ${least} s`,
    )
  }
  if (recording.created_at.getTime() < nonce.madeAt.getTime() - clockSkewMs) {
    throw refuse(field, 'must be recorded after the phrase was given')
  }
  const other = await trx.selectFrom('consent').select('id').where('recording_id', '=', id).executeTakeFirst()
  if (other) throw refuse(field, 'must be of this phrase; it was given for another consent')
  return recording
}

function refuse(field: string, message: string): Refusal {
  return new Refusal('invalid_input', `${field}: ${message}.`, { issues: [{ field, message }] })
}
