import { createHash } from 'node:crypto'
import type { Db } from '@loqui/db/client'
import type { SampleMeasurements, SamplePurpose } from '@loqui/db/schema/samples'
import { createConsent, createConsentInput } from '../consents/create.ts'
import { consentStatement, consentStatementInput } from '../consents/statement.ts'
import type { Context } from '../context.ts'
import { newId, wireId } from '../ids.ts'
import { createVoice, createVoiceInput } from '../voices/create.ts'
import type { Voice } from '../voices/voice.ts'
import { rowId } from './core.ts'

interface SampleOptions extends Partial<SampleMeasurements> {
  readonly purpose?: SamplePurpose
}

/** Writes down a sample as an upload does, of which there are no bytes. @returns its id on the wire. */
export async function giveSample(
  db: Db,
  userId: string,
  { purpose = 'voice', ...measured }: SampleOptions = {},
): Promise<string> {
  const id = newId()
  await db
    .insertInto('sample')
    .values({
      id,
      user_id: userId,
      purpose,
      name: 'A sample',
      container: 'wav',
      codec: 'pcm-s16',
      audio_key: `samples/${id}/audio`,
      audio_bytes: 320_044,
      audio_sha256: createHash('sha256').update(id).digest('hex'),
      duration_ms: 12_000,
      sample_rate: 16_000,
      channels: 1,
      measured: JSON.stringify({
        loudnessLufs: -20,
        peakDbfs: -3,
        speechMs: 10_000,
        clippedShare: 0,
        noiseDbfs: -70,
        pitchHz: 120,
        syllablesPerSecond: 4.4,
        ...measured,
      }),
      peaks: Buffer.alloc(800, 100),
      deleted_at: null,
      purged_at: null,
    })
    .execute()
  return wireId('sample', id)
}

/** Consents to samples as a person does. @returns the consent's id on the wire. */
export async function giveConsent(as: Context, sampleIds: readonly string[], input: object = {}): Promise<string> {
  const { nonce, locale, version } = consentStatement(as, consentStatementInput.parse({}))
  const { id } = await createConsent(
    as,
    createConsentInput.parse({
      sampleIds,
      speaker: 'self',
      speakerName: 'Ada',
      nonce,
      locale,
      statementVersion: version,
      accepted: true,
      ...input,
    }),
    { address: '192.0.2.1', userAgent: 'A browser' },
  )
  return id
}

/** A voice made from one sample, by a consent of its own. */
export async function giveVoice(as: Context, input: object = {}): Promise<Voice> {
  if (as.actor.kind === 'system') throw new Error('nobody’s voice')
  const sampleIds = [await giveSample(as.db, as.actor.userId)]
  const consentId = await giveConsent(as, sampleIds)
  return createVoice(as, createVoiceInput.parse({ name: 'Mine', sampleIds, consentId, ...input }))
}

/** The consent of a voice, as the database knows it. */
export const consentOf = ({ consentId }: Voice) => rowId(consentId ?? '')
