import { type AudioFormat, audioFormats } from '@loqui/audio/format'
import type { GenerationRow } from '@loqui/db/schema/generations'
import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { idSchema } from '../ids.ts'
import { withLease } from '../limits/lease.ts'
import { joinSegments } from './join.ts'
import { renditionKey } from './purge.ts'
import { findGeneration } from './queries.ts'
import { readSegments } from './segments.ts'

export const generationAudioInput = z.strictObject({
  id: idSchema('generation'),
  format: z.enum(audioFormats).optional(),
})

/** Where the bytes of a generation's audio lie. */
export interface GenerationAudio {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly format: AudioFormat
  /** A name for a file of it, without directories; from the title where there is one. */
  readonly fileName: string
  readonly finishedAt: Date
}

/** Renditions being made by this process, so that two requests for one wait for the same work. */
const inTheMaking = new Map<string, Promise<{ key: string; bytes: number; sha256: string }>>()

/**
 * The audio of a generation that succeeded. In a format other than its own it is made from the segments when first
 * asked for, and kept.
 *
 * @throws {Refusal} `generation_not_found`, `audio_not_ready`, `concurrency_limited`.
 */
export async function generationAudio(
  caller: Caller<'db' | 'actor' | 'storage' | 'assembler' | 'log'>,
  input: z.output<typeof generationAudioInput>,
): Promise<GenerationAudio> {
  const row = await findGeneration(caller.db, permit(caller.actor, 'generations:read'), input.id)
  if (row.state !== 'succeeded' || row.audio_key === null || row.audio_bytes === null || row.audio_sha256 === null) {
    throw new Refusal('audio_not_ready', `This generation has no audio: it is ${row.state}.`)
  }
  // `create` writes no other format.
  const own = row.format as AudioFormat
  const format = input.format ?? own
  const object =
    format === own
      ? { key: row.audio_key, bytes: row.audio_bytes, sha256: row.audio_sha256 }
      : await rendition(caller, row, format)
  return {
    ...object,
    format,
    fileName: `${row.title?.replaceAll(/[/\\]/g, '-') ?? `loqui-${row.id}`}.${format}`,
    finishedAt: row.finished_at ?? row.created_at,
  }
}

async function rendition(
  caller: Caller<'db' | 'storage' | 'assembler' | 'log'>,
  { id, user_id }: GenerationRow,
  format: AudioFormat,
): Promise<{ key: string; bytes: number; sha256: string }> {
  const existing = await readRendition(caller, id, format)
  if (existing) return existing
  const name = `${id} ${format}`
  const make = () => withLease(caller, user_id, () => makeRendition(caller, id, format))
  const making = inTheMaking.get(name) ?? make().finally(() => inTheMaking.delete(name))
  inTheMaking.set(name, making)
  return making
}

async function makeRendition(
  caller: Caller<'db' | 'storage' | 'assembler'>,
  id: string,
  format: AudioFormat,
): Promise<{ key: string; bytes: number; sha256: string }> {
  const { db, storage } = caller
  const made = await joinSegments(caller, renditionKey(id, format), await readSegments(caller, id), format)
  // Locks the generation, so that a deletion either finds this object to remove or is seen here.
  const { rows: kept } = await sql`
    insert into rendition (generation_id, format, audio_key, audio_bytes, audio_sha256)
    select id, ${format}, ${made.key}, ${made.bytes}, ${made.sha256}
    from generation where id = ${id} and deleted_at is null for share
    on conflict do nothing returning generation_id
  `.execute(db)
  if (kept.length > 0) return made
  await storage.remove([made.key])
  const theirs = await readRendition(caller, id, format)
  if (!theirs)
    throw new Refusal('generation_not_found', 'id: the generation was deleted while its audio was being made.')
  return theirs
}

async function readRendition({ db }: Caller<'db'>, id: string, format: AudioFormat) {
  return db
    .selectFrom('rendition')
    .select(['audio_key as key', 'audio_bytes as bytes', 'audio_sha256 as sha256'])
    .where('generation_id', '=', id)
    .where('format', '=', format)
    .executeTakeFirst()
}
