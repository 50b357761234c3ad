import { Readable } from 'node:stream'
import type { Piece } from '@loqui/audio/assemble'
import { assembly } from '@loqui/audio/assembly'
import type { Output } from '@loqui/audio/output'
import type { Tags } from '@loqui/audio/tags'
import type { SegmentRow } from '@loqui/db/schema/generations'
import type { StoredObject } from '@loqui/storage/storage'
import type { Caller } from '../context.ts'
import type { StoredSegment } from './speak.ts'

/** A whole generation's audio, made in one way. */
export interface JoinedAudio extends StoredObject {
  readonly key: string
  readonly durationMs: number
}

/**
 * Joins stored segments into one object. The caller owns it until it has written its key down. How long it is does not depend
 * on how it is made, but for half a sample of its rate, and for what fills up the last frame of AAC.
 */
export async function joinSegments(
  { storage, assembler }: Caller<'storage' | 'assembler'>,
  key: string,
  segments: readonly StoredSegment[],
  { format, ...output }: Output,
  tags: Tags,
  signal?: AbortSignal,
): Promise<JoinedAudio> {
  const pieces = segments.map((segment) => toPiece({ storage }, segment))
  const audio = assembler.encode(pieces, format, { ...output, tags, signal })
  // Aborted before the store reads it, a stream nobody listens to would end the process. The store still hears of it.
  audio.on('error', () => undefined)
  const object = await storage.put(key, audio, signal ? { signal } : {})
  return { ...object, key, durationMs: assembly(pieces).durationMs }
}

function toPiece({ storage }: Caller<'storage'>, segment: StoredSegment): Piece {
  const { audio_key, bytes } = segment
  if (audio_key === null) throw notStored(segment)
  const open = async () => (bytes ? Readable.from([bytes]) : storage.read(audio_key))
  return { open, ...measuresOf(segment) }
}

/** How long a stored segment is, and the silence behind it. */
export function measuresOf(segment: SegmentRow): Omit<Piece, 'open'> {
  const { state, samples, sample_rate, pause_ms } = segment
  if (state !== 'stored' || samples === null || sample_rate === null) throw notStored(segment)
  return { samples, sampleRate: sample_rate, pauseMs: pause_ms }
}

const notStored = ({ index, generation_id }: SegmentRow) =>
  new Error(`segment ${index} of generation ${generation_id} is not stored`)
