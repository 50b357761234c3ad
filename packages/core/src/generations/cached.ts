import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import type { SegmentRow } from '@loqui/db/schema/generations'
import type { Engine } from '@loqui/engines/engine'
import { StorageError } from '@loqui/storage/storage'
import type { Caller } from '../context.ts'
import { ask } from './ask.ts'
import { contentHash } from './content.ts'
import type { Claimed } from './transitions.ts'

/** Audio of an earlier segment that answers another one. */
export interface Source {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly samples: number
  /** In hertz. */
  readonly sampleRate: number
  /** Of a segment that is kept from an earlier take; what is found by its hash has none. */
  readonly flaws: readonly string[]
  /** `null` for what was spoken before there was a cache. */
  readonly contentHash: string | null
}

/** By what audio for a segment is looked for before its engine is asked. */
export interface Lookup {
  /** The take whose segment of the same number it is to be. */
  readonly kept: string | null
  /** See {@link contentHash}; `null`: whatever there is, it is spoken. */
  readonly contentHash: string | null
}

/** Whether a segment is to be what it is in an earlier take. */
export const isKept = ({ spoken_anew }: Pick<Claimed, 'spoken_anew'>, index: number): boolean =>
  spoken_anew !== null && !spoken_anew.includes(index)

/** @param referenceSha256 of the recording that a cloned voice is spoken with. */
export function lookupOf(
  engine: Engine,
  generation: Claimed,
  segment: Pick<SegmentRow, 'index' | 'start_offset' | 'end_offset'>,
  referenceSha256?: string,
): Lookup {
  if (isKept(generation, segment.index)) return { kept: generation.kept_from, contentHash: null }
  // Of a take it is what is to sound otherwise.
  if (!generation.cache || generation.spoken_anew !== null) return { kept: null, contentHash: null }
  return { kept: null, contentHash: contentHash(generation, ask(engine, generation, segment, 0), referenceSha256) }
}

/**
 * Reads audio that is to be copied.
 *
 * @returns undefined where the object is gone, or is not what was written: then the engine has to be asked.
 * @throws {StorageError} `unavailable`; the signal's reason.
 */
export async function readSource(
  { storage, log }: Caller<'storage' | 'log'>,
  { key, bytes, sha256 }: Source,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const body = await read({ storage }, key)
  signal.throwIfAborted()
  if (body?.length === bytes && createHash('sha256').update(body).digest('hex') === sha256) return body
  // Its generation may have been deleted a moment ago. What is broken is somebody's audio.
  if (body) log.warn({ key, bytes: body.length }, 'an object is not what its row says; it is not copied')
  return undefined
}

async function read({ storage }: Caller<'storage'>, key: string): Promise<Buffer | undefined> {
  try {
    return await buffer(await storage.read(key))
  } catch (error) {
    if (error instanceof StorageError && error.code === 'missing') return undefined
    throw error
  }
}
