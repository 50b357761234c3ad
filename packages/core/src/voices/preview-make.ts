import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@loqui/db/client'
import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { type Engine, EngineError, type Speech } from '@loqui/engines/engine'
import type { StoredObject } from '@loqui/storage/storage'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import { littleEndianBytes } from '../pcm.ts'
import { removePreviews } from './preview-remove.ts'
import { previewText } from './preview-text.ts'
import { consentEnded } from './refusals.ts'
import type { VoiceView } from './voice.ts'

/** Longer than any engine takes for a sentence. What a process that was killed was making, another may make after this. */
const longestMs = 30_000
/** While another process makes it, it is looked for so often. */
const lookMs = 100

/**
 * Makes a voice's preview and writes it down, or waits while another process does. Whoever lost its lease, or the voice, on
 * the way leaves nothing.
 *
 * @throws {Refusal} `engine_failed`, `consent_required` when the consent ends meanwhile.
 */
export async function makePreview(
  caller: Caller<'db' | 'storage' | 'assembler' | 'listener' | 'log'>,
  voice: VoiceView,
  engine: Engine,
  version: string,
): Promise<void> {
  const { db, storage, assembler, log } = caller
  const token = newId()
  if (!(await takeLease(db, voice, token, version))) return
  const key = `previews/${voice.id}/${token}.mp3`
  let kept = false
  try {
    using consent = watchConsent(caller, voice)
    const speech = await speak(engine, voice, AbortSignal.any([consent.signal, AbortSignal.timeout(longestMs)]))
    const bytes = littleEndianBytes(speech.samples)
    const piece = {
      samples: speech.samples.length,
      sampleRate: speech.sampleRate,
      pauseMs: 0,
      open: async () => Readable.from([bytes]),
    }
    const tags = { title: voice.name, voice: voice.name }
    const object = await storage.put(key, assembler.encode([piece], 'mp3', { tags }))
    const durationMs = Math.round((piece.samples * 1_000) / piece.sampleRate)
    const replaced = await keep(db, voice, { token, version, key, object, durationMs })
    kept = replaced !== undefined
    await removePreviews({ storage, log }, replaced ?? [])
  } finally {
    if (!kept) await removePreviews({ storage, log }, [key])
    await db.deleteFrom('voice_preview_lease').where('token', '=', token).execute()
  }
}

/** @returns false when somebody else has made it meanwhile. */
async function takeLease(db: Db, { id }: VoiceView, token: string, version: string): Promise<boolean> {
  for (;;) {
    const { rows } = await sql`
      insert into voice_preview_lease as l (voice_id, token, expires_at)
      values (${id}, ${token}, clock_timestamp() + ${2 * longestMs} * interval '1 millisecond')
      on conflict (voice_id) do update set token = excluded.token, expires_at = excluded.expires_at
        where l.expires_at < clock_timestamp()
      returning token
    `.execute(db)
    const made = await db
      .selectFrom('voice_preview')
      .select('version')
      .where('voice_id', '=', id)
      .where('version', '=', version)
      .executeTakeFirst()
    if (made) {
      await db.deleteFrom('voice_preview_lease').where('token', '=', token).execute()
      return false
    }
    if (rows.length > 0) return true
    await sleep(lookMs)
  }
}

/** Aborts when the consent that a cloned voice speaks by has ended. */
function watchConsent(
  { db, listener, log }: Caller<'db' | 'listener' | 'log'>,
  { id, consent_id, name }: VoiceView,
): Disposable & { readonly signal: AbortSignal } {
  const ended = new AbortController()
  const look = async () => {
    try {
      if (!(await maySpeak(db, id, consent_id))) ended.abort(consentEnded('id', name))
    } catch (error) {
      // It is asked for once more before the preview is kept.
      log.warn({ error, voiceId: id }, 'could not ask whether a voice may still speak')
    }
  }
  const unlisten = consent_id === null ? () => undefined : listener.on('cancel', id, () => void look())
  return { signal: ended.signal, [Symbol.dispose]: unlisten }
}

async function maySpeak(db: Db, voiceId: string, consentId: string | null): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`select voice_may_speak(${voiceId}, ${consentId}) as may`.execute(db)
  return rows[0]?.may === true
}

/** In the voice's language where its engine speaks that, else in English. */
async function speak(engine: Engine, voice: VoiceView, signal: AbortSignal): Promise<Speech> {
  const requests = [voice.language, 'en'].map((language) => ({
    text: previewText(language),
    voice: voice.engine_voice,
    settings: voice.settings,
  }))
  const request = requests.find((each) => engine.check(each) === null)
  if (!request)
    throw new Refusal('voice_unavailable', `id: the voice ${voice.name} speaks no language that it could be heard in.`)
  try {
    return await engine.speak(request, { signal })
  } catch (cause) {
    if (cause instanceof EngineError || signal.aborted) {
      if (signal.reason instanceof Refusal) throw signal.reason
      throw new Refusal('engine_failed', `The voice ${voice.name} could not be heard. Try again in a moment.`, {
        cause,
      })
    }
    throw cause
  }
}

interface MadePreview {
  readonly token: string
  readonly version: string
  readonly key: string
  readonly object: StoredObject
  readonly durationMs: number
}

/** Writes it down while the lease holds and the voice may speak. @returns what it took the place of, or undefined. */
async function keep(db: Db, voice: VoiceView, made: MadePreview): Promise<string[] | undefined> {
  const { token, version, key, object, durationMs } = made
  return transaction(db, async (trx) => {
    // In turns with the end of the consent and of the voice, which take what they find.
    if (voice.user_id !== null) await lock(trx, 'quota', voice.user_id)
    const { rows } = await sql<{ holds: boolean }>`
      select ${voice.consent_id}::uuid is null or voice_may_speak(${voice.id}, ${voice.consent_id}) as holds
      from voice_preview_lease where token = ${token} for update
    `.execute(trx)
    if (rows[0]?.holds !== true) return undefined
    const replaced = await trx
      .deleteFrom('voice_preview')
      .where('voice_id', '=', voice.id)
      .returning('audio_key')
      .execute()
    await trx
      .insertInto('voice_preview')
      .values({
        voice_id: voice.id,
        version,
        audio_key: key,
        audio_bytes: object.bytes,
        audio_sha256: object.sha256,
        duration_ms: durationMs,
      })
      .execute()
    return replaced.map(({ audio_key }) => audio_key)
  })
}
