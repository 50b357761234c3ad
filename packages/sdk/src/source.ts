import { openPath } from './disk.ts'

/**
 * Where bytes come from: something whole, a stream, or the path of a file (in Node, Bun and Deno). Node's streams are
 * iterables of bytes.
 */
export type SampleSource =
  | Blob
  | ArrayBuffer
  | Uint8Array
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | string
  | URL

/** Bytes that can be read. */
export interface OpenSource {
  /** What the file is called, where that is known. */
  readonly name: string | undefined
  /** `null` where it is not known before the end. */
  readonly bytes: number | null
  /** Whether it can be read again from its beginning. */
  readonly repeatable: boolean
  /** @param until aborts when nobody reads on: a stream that would wait for more is given up. */
  read(until: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>
}

/** @throws {TypeError} for what holds no bytes; what reading a path throws. */
export async function openSource(source: SampleSource): Promise<OpenSource> {
  if (typeof source === 'string' || source instanceof URL) return openPath(source)
  if (source instanceof Blob) {
    const name = 'name' in source && typeof source.name === 'string' ? source.name : undefined
    return { name, bytes: source.size, repeatable: true, read: (until) => readStream(source.stream(), until) }
  }
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    const bytes = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source)
    return { name: undefined, bytes: bytes.length, repeatable: true, read: () => give(bytes) }
  }
  const once = { name: undefined, bytes: null, repeatable: false }
  if (isObject(source) && 'getReader' in source) return { ...once, read: (until) => readStream(source, until) }
  if (isObject(source) && Symbol.asyncIterator in source) {
    return { ...once, read: (until) => readIterable(source, until) }
  }
  throw new TypeError('The source must be a File, a Blob, bytes, a stream of bytes, or in Node the path of a file.')
}

/** Callers in JavaScript may give anything. */
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

async function* give(bytes: Uint8Array) {
  yield bytes
}

/** Not every browser can loop over a stream. */
async function* readStream(stream: ReadableStream<Uint8Array>, until: AbortSignal) {
  const reader = stream.getReader()
  const giveUp = () => void reader.cancel(until.reason).catch(() => undefined)
  until.addEventListener('abort', giveUp)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield requireBytes(value)
    }
  } finally {
    until.removeEventListener('abort', giveUp)
    giveUp()
  }
}

async function* readIterable(iterable: AsyncIterable<Uint8Array>, until: AbortSignal) {
  // Of Node's streams; an iterable that has no such thing is told when it has given what it was asked for.
  const giveUp = () => {
    if ('destroy' in iterable && typeof iterable.destroy === 'function') iterable.destroy()
  }
  until.addEventListener('abort', giveUp)
  try {
    for await (const piece of iterable) yield requireBytes(piece)
  } finally {
    until.removeEventListener('abort', giveUp)
  }
}

/** @throws {TypeError} for text and objects, which streams can be of too. */
function requireBytes(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece
  throw new TypeError(`The source must give bytes (Uint8Array), not ${typeof piece}s.`)
}
