import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { Piece } from '@loqui/audio/assemble'
import { assembly } from '@loqui/audio/assembly'
import type { Output } from '@loqui/audio/output'
import type { Tags } from '@loqui/audio/tags'
import type { SegmentRow } from '@loqui/db/schema/generations'
import type { Draft, StoredObject } from '@loqui/storage/storage'
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
  const object = await storage.put(key, audio, signal ? { signal } : {})
  return { ...object, key, durationMs: assembly(pieces).durationMs }
}

/**
 * Joins segments that are still being made, each as soon as those before it are there, so that when the last one is there is
 * next to nothing left to do. What comes of it is what {@link joinSegments} makes of the same. What has to be heard to its end
 * before it can be made, or takes an encoder that others wait for, cannot be made so: see {@link canJoinEarly}.
 *
 * @throws what the first segment that was not made was rejected with.
 */
export async function joinComing(
  { storage, assembler }: Caller<'storage' | 'assembler'>,
  key: string,
  segments: readonly Promise<StoredSegment>[],
  { format, ...output }: Output,
  tags: Tags,
  signal: AbortSignal,
): Promise<JoinedAudio> {
  // Before that there is nothing to be joined, and neither a file nor an encoder to be held.
  await segments[0]
  const measures: Omit<Piece, 'open'>[] = []
  async function* coming() {
    for (const segment of segments) {
      const piece = toPiece({ storage }, await segment)
      measures.push(piece)
      yield piece
    }
  }
  let header: Uint8Array = new Uint8Array()
  const onHeader = (told: Uint8Array) => {
    header = told
  }
  await using draft = await storage.draft(key)
  const bytes = await write(draft, assembler.encode(coming(), format, { ...output, tags, signal, onHeader }))
  await draft.write(header, 0)
  const sha256 = await hash(draft.file, signal)
  await draft.keep({ signal })
  return { key, bytes, sha256, durationMs: assembly(measures).durationMs }
}

/** Whether segments can be joined while others are still being made. */
export const canJoinEarly = ({ format, loudness }: Output): boolean => loudness === null && format !== 'aac'

async function write(draft: Draft, audio: Readable): Promise<number> {
  let bytes = 0
  for await (const chunk of audio) {
    await draft.write(chunk, bytes)
    bytes += chunk.length
    // Left to the garbage collector, a book would be most of what the process grows by.
    if (chunk.buffer.byteLength === chunk.byteLength) chunk.buffer.transfer(0)
  }
  return bytes
}

/** How much is read of a file at a time to be hashed: at most a millisecond of the event loop. */
const hashedBytes = 256 * 1024

async function hash(file: FileHandle, signal: AbortSignal): Promise<string> {
  const sha256 = createHash('sha256')
  // The same memory each time: a stream takes new memory for each part, of which a book leaves more than all else it takes.
  const part = Buffer.allocUnsafeSlow(hashedBytes)
  for (let at = 0; ; ) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(part, 0, part.length, at)
    if (bytesRead === 0) return sha256.digest('hex')
    sha256.update(part.subarray(0, bytesRead))
    at += bytesRead
  }
}

/** A stored segment, as it is joined. */
export function toPiece({ storage }: Caller<'storage'>, segment: StoredSegment): Piece {
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
