import { type Container, containerInfo } from '@loqui/audio/inspect/container'
import type { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { findSample, type sampleIdInput } from './queries.ts'

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
  const row = await findSample(db, permit(actor, 'samples:read'), id)
  const { contentType, extension } = containerInfo[row.container as Container]
  return {
    key: row.audio_key,
    bytes: row.audio_bytes,
    sha256: row.audio_sha256,
    contentType,
    fileName: `${row.name.replaceAll(/[/\\]/g, '-')}.${extension}`,
    createdAt: row.created_at,
  }
}
