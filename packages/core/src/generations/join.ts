import { Readable } from 'node:stream'
import type { Piece } from '@loqui/audio/assemble'
import { assembly } from '@loqui/audio/assembly'
import type { AudioFormat } from '@loqui/audio/format'
import type { StoredObject } from '@loqui/storage/storage'
import type { Caller } from '../context.ts'
import type { StoredSegment } from './speak.ts'

/** A whole generation's audio in one format. */
export interface JoinedAudio extends StoredObject {
  readonly key: string
  readonly durationMs: number
}

/** Joins stored segments into one object in `format`. The caller owns it until it has written its key down. */
export async function joinSegments(
  { storage, assembler }: Caller<'storage' | 'assembler'>,
  key: string,
  segments: readonly StoredSegment[],
  format: AudioFormat,
  signal?: AbortSignal,
): Promise<JoinedAudio> {
  const pieces = segments.map((segment) => toPiece({ storage }, segment))
  const options = signal ? { signal } : {}
  const audio = assembler.encode(pieces, format, options)
  // Aborted before the store reads it, a stream nobody listens to would end the process. The store still hears of it.
  audio.on('error', () => undefined)
  const object = await storage.put(key, audio, options)
  return { ...object, key, durationMs: assembly(pieces).durationMs }
}

function toPiece({ storage }: Caller<'storage'>, segment: StoredSegment): Piece {
  const { audio_key, samples, sample_rate, bytes } = segment
  if (segment.state !== 'stored' || audio_key === null || samples === null || sample_rate === null) {
    throw new Error(`segment ${segment.index} of generation ${segment.generation_id} is not stored`)
  }
  const open = async () => (bytes ? Readable.from([bytes]) : storage.read(audio_key))
  return { open, samples, sampleRate: sample_rate, pauseMs: segment.pause_ms }
}
