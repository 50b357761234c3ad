import { type Container, containerInfo } from '@loqui/audio/inspect/container'
import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { fileNameOf } from '../storage/file-name.ts'
import { type sampleIdInput, sampleNotFound } from './queries.ts'

/** Where the bytes of a sample lie. */
export interface SampleAudio {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly contentType: string
  /** A name for a file of it. */
  readonly fileName: string
  readonly createdAt: Date
}

/** @throws {Refusal} `sample_not_found`. */
export async function sampleAudio(
  { db, actor }: Caller<'db' | 'actor'>,
  { id }: z.output<typeof sampleIdInput>,
): Promise<SampleAudio> {
  // Asked for every range of it: what a list shows of a sample is left out.
  const row = await db
    .selectFrom('sample')
    .select(['name', 'container', 'audio_key', 'audio_bytes', 'audio_sha256', 'created_at'])
    .where('id', '=', id)
    .where('user_id', '=', permit(actor, 'samples:read'))
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (!row) throw sampleNotFound()
  const { contentType, extension } = containerInfo[row.container as Container]
  return {
    key: row.audio_key,
    bytes: row.audio_bytes,
    sha256: row.audio_sha256,
    contentType,
    fileName: fileNameOf(row.name, extension),
    createdAt: row.created_at,
  }
}
