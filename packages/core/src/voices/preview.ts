import type { Db } from '@loqui/db/client'
import pLimit from 'p-limit'
import type { z } from 'zod'
import { type Actor, permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { wireId } from '../ids.ts'
import { withLease } from '../limits/lease.ts'
import type { voiceIdInput } from './input.ts'
import { makePreview } from './preview-make.ts'
import { isFree, previewVersion } from './preview-version.ts'
import { findVoice } from './queries.ts'
import { engineNotThere, voiceNotFound, voiceObstructed } from './refusals.ts'
import type { VoiceView } from './voice.ts'

/** Where the bytes of a voice's preview lie: an MP3. */
export interface VoicePreview {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  /** Another one when it would sound otherwise. */
  readonly version: string
  /** Whether everybody may hear it. */
  readonly open: boolean
  /** A name for a file of it. */
  readonly fileName: string
  readonly createdAt: Date
}

/** Previews being made by this process, by voice and version, so that all who ask for one wait for the same work. */
const inTheMaking = new Map<string, Promise<void>>()
/** Whoever asks for all voices' previews at once leaves an engine to others. */
const slots = pLimit(2)

/**
 * A voice speaking a sentence, made when it is first asked for and kept until it would sound otherwise. A preset's is
 * everybody's; who asks for another voice's has to be its maker. None is made by an engine that asks for money, since there
 * is nobody to charge.
 *
 * @param admit says who asks; called for what is not open to everybody.
 * @throws {Refusal} `voice_not_found`, `voice_unavailable`, `consent_required`, `concurrency_limited`, `engine_failed`;
 * whatever `admit` throws.
 */
export async function voicePreview(
  caller: Caller<'db' | 'storage' | 'engines' | 'assembler' | 'listener' | 'log'>,
  { id }: z.output<typeof voiceIdInput>,
  admit: () => Promise<Actor>,
): Promise<VoicePreview> {
  const { db, engines } = caller
  const userId = (await isPreset(db, id)) ? null : permit(await admit(), 'voices:read')
  const voice = await findVoice(db, userId, id)
  // One that was made before is silent, too: nobody has to notice when a consent expires.
  if (voice.obstacle !== null) throw voiceObstructed('id', voice.name, voice.obstacle)
  const version = previewVersion(voice)
  const kept = await readPreview(db, voice, version)
  if (kept) return kept

  const engine = engines.get(voice.engine)
  if (!engine || !voice.available) throw engineNotThere('id', voice.name)
  if (!isFree(engine)) {
    throw new Refusal(
      'voice_unavailable',
      `id: there is no preview of the voice ${voice.name}: its engine is paid by use.`,
    )
  }
  const name = `${id} ${version}`
  const make = () => slots(() => makePreview(caller, voice, engine, version))
  const making =
    inTheMaking.get(name) ??
    (userId === null ? make() : withLease(caller, userId, make)).finally(() => inTheMaking.delete(name))
  inTheMaking.set(name, making)
  await making
  const made = await readPreview(db, voice, version)
  // Deleted, revoked or changed in the meantime.
  if (!made) throw voiceNotFound('id')
  return made
}

async function isPreset(db: Db, id: string): Promise<boolean> {
  const found = await db
    .selectFrom('voice')
    .select('id')
    .where('id', '=', id)
    .where('user_id', 'is', null)
    .executeTakeFirst()
  return found !== undefined
}

async function readPreview(db: Db, voice: VoiceView, version: string): Promise<VoicePreview | undefined> {
  const row = await db
    .selectFrom('voice_preview')
    .selectAll()
    .where('voice_id', '=', voice.id)
    .where('version', '=', version)
    .executeTakeFirst()
  return (
    row && {
      key: row.audio_key,
      bytes: row.audio_bytes,
      sha256: row.audio_sha256,
      version,
      open: voice.user_id === null,
      fileName: `${wireId('voice', voice.id)}.mp3`,
      createdAt: row.created_at,
    }
  )
}
