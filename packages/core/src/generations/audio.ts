import { isDeepStrictEqual } from 'node:util'
import { audioFormatInfo } from '@loqui/audio/format'
import type { Output } from '@loqui/audio/output'
import type { Tags } from '@loqui/audio/tags'
import type { GenerationRow } from '@loqui/db/schema/generations'
import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { idSchema } from '../ids.ts'
import { withLease } from '../limits/lease.ts'
import { fileNameOf } from '../storage/file-name.ts'
import { joinSegments } from './join.ts'
import { outputInput, ownOutput, readOutputOf, toOutputRow } from './output.ts'
import { renditionKey } from './purge.ts'
import { findGeneration } from './queries.ts'
import { readSegments } from './segments.ts'

export const generationAudioInput = z.strictObject({
  id: idSchema('generation'),
  ...outputInput,
  format: outputInput.format.optional(),
})

/** A generation's audio, and how it is made. */
export interface NamedAudio extends Output {
  /** A name for a file of it, without directories; from the title where there is one. */
  readonly fileName: string
}

/** Where the bytes of a generation's audio lie. */
export interface GenerationAudio extends NamedAudio {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly finishedAt: Date
}

/** Renditions that are kept of one generation: there are thousands of ways to make it, and room for those people use. */
export const mostRenditions = 24

type StoredAudio = Pick<GenerationAudio, 'key' | 'bytes' | 'sha256'>

/** Renditions being made by this process, so that two requests for one wait for the same work. */
const inTheMaking = new Map<string, Promise<StoredAudio>>()

/**
 * The audio of a generation that succeeded. Made otherwise than its own it is made from the segments when first asked for,
 * and kept while it is among the last {@link mostRenditions} that were.
 *
 * @throws {Refusal} `generation_not_found`, `audio_not_ready`, `concurrency_limited`, `invalid_input` for a rate or a bit rate
 * that the format does not take.
 */
export async function generationAudio(
  caller: Caller<'db' | 'actor' | 'storage' | 'assembler' | 'log'>,
  { id, ...asked }: z.output<typeof generationAudioInput>,
): Promise<GenerationAudio> {
  return audioOf(caller, await findGeneration(caller.db, permit(caller.actor, 'generations:read'), id), asked)
}

/** @throws {Refusal} as {@link generationAudio}. */
export async function audioOf(
  caller: Caller<'db' | 'storage' | 'assembler' | 'log'>,
  row: GenerationRow,
  asked: Omit<z.output<typeof generationAudioInput>, 'id'>,
): Promise<GenerationAudio> {
  const output = readOutputOf(row, asked)
  if (row.state !== 'succeeded' || row.audio_key === null || row.audio_bytes === null || row.audio_sha256 === null) {
    throw new Refusal('audio_not_ready', `This generation has no audio: it is ${row.state}.`)
  }
  const object = isDeepStrictEqual(output, ownOutput(row))
    ? { key: row.audio_key, bytes: row.audio_bytes, sha256: row.audio_sha256 }
    : await rendition(caller, row, output)
  return {
    ...object,
    ...output,
    fileName: audioNameOf(row, output),
    finishedAt: row.finished_at ?? row.created_at,
  }
}

/** What it is called where it is made so. */
export const audioNameOf = ({ id, title }: Pick<GenerationRow, 'id' | 'title'>, { format }: Output): string =>
  fileNameOf(title ?? `loqui-${id}`, audioFormatInfo[format].extension)

/** What a file says of itself. */
export async function tagsOf(
  { db }: Caller<'db'>,
  { title, voice_id }: Pick<GenerationRow, 'title' | 'voice_id'>,
): Promise<Tags> {
  const voice = await db.selectFrom('voice').select('name').where('id', '=', voice_id).executeTakeFirst()
  return { title, voice: voice?.name }
}

async function rendition(
  caller: Caller<'db' | 'storage' | 'assembler' | 'log'>,
  row: GenerationRow,
  output: Output,
): Promise<StoredAudio> {
  const existing = await readRendition(caller, row.id, output)
  if (existing) return existing
  const name = JSON.stringify([row.id, toOutputRow(output)])
  const make = () => withLease(caller, row.user_id, () => makeRendition(caller, row, output))
  const making = inTheMaking.get(name) ?? make().finally(() => inTheMaking.delete(name))
  inTheMaking.set(name, making)
  return making
}

async function makeRendition(
  caller: Caller<'db' | 'storage' | 'assembler' | 'log'>,
  row: GenerationRow,
  output: Output,
): Promise<StoredAudio> {
  const { db, storage } = caller
  const { id } = row
  const tags = await tagsOf(caller, row)
  const key = renditionKey(id, output.format)
  const { bytes, sha256 } = await joinSegments(caller, key, await readSegments(caller, id), output, tags)
  const { format, sample_rate, bit_rate, loudness } = toOutputRow(output)
  // Locks the generation, so that a deletion either finds this object to remove or is seen here.
  const { rows: kept } = await sql`
    insert into rendition (generation_id, format, sample_rate, bit_rate, loudness, audio_key, audio_bytes, audio_sha256)
    select id, ${format}, ${sample_rate}, ${bit_rate}, ${loudness}, ${key}, ${bytes}, ${sha256}
    from generation where id = ${id} and deleted_at is null for share
    on conflict do nothing returning generation_id
  `.execute(db)
  if (kept.length > 0) {
    await forgetOldest(caller, id)
    return { key, bytes, sha256 }
  }
  await storage.remove([key])
  const theirs = await readRendition(caller, id, output)
  if (!theirs)
    throw new Refusal('generation_not_found', 'id: the generation was deleted while its audio was being made.')
  return theirs
}

async function forgetOldest({ db, storage, log }: Caller<'db' | 'storage' | 'log'>, id: string): Promise<void> {
  const { rows } = await sql<{ key: string }>`
    delete from rendition where audio_key in (
      select audio_key from rendition where generation_id = ${id}
      order by created_at desc, audio_key desc offset ${mostRenditions}
    ) returning audio_key as key
  `.execute(db)
  if (rows.length === 0) return
  await storage.remove(rows.map(({ key }) => key)).catch((error: unknown) => {
    log.warn({ error, generationId: id }, 'renditions that are forgotten are left to the sweep')
  })
}

async function readRendition({ db }: Caller<'db'>, id: string, output: Output): Promise<StoredAudio | undefined> {
  const { format, sample_rate, bit_rate, loudness } = toOutputRow(output)
  return db
    .selectFrom('rendition')
    .select(['audio_key as key', 'audio_bytes as bytes', 'audio_sha256 as sha256'])
    .where('generation_id', '=', id)
    .where('format', '=', format)
    .where('sample_rate', '=', sample_rate)
    .where('bit_rate', 'is not distinct from', bit_rate)
    .where('loudness', 'is not distinct from', loudness)
    .executeTakeFirst()
}
