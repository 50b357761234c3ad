import type { Sample } from './api.d.ts'
import type { RequestOptions } from './attempt.ts'
import type { Connection } from './connection.ts'
import { type Form, writeForm } from './form.ts'
import type { UploadProgress, UploadSampleOptions } from './samples.ts'
import { type OpenSource, openSource, type SampleSource } from './source.ts'
import { postByXhr } from './xhr.ts'

const path = 'api/v1/samples'
/** Loqui hears a file through before it answers, for up to 15 s; and what has been sent may yet be on its way. */
const standstillMs = 60_000

const pieceBytes = 64 << 10

type OnProgress = (progress: UploadProgress) => void

/** A file on its way. */
interface Upload {
  readonly source: OpenSource
  readonly form: Form
  readonly headers: Readonly<Record<string, string>>
  readonly onProgress: OnProgress | undefined
  readonly options: RequestOptions & { readonly signal: AbortSignal }
}

/**
 * See `Samples.upload`. It stands apart since most programs that speak send nothing, and for the same reason imports nothing
 * that others do: bundlers would part them, too.
 *
 * @param boundary stands between the parts of the form, and nowhere in them.
 */
export async function upload(
  connection: Connection,
  given: SampleSource,
  { name, purpose, onProgress, idempotencyKey, ...options }: UploadSampleOptions & { readonly idempotencyKey: string },
  boundary: string,
): Promise<Sample> {
  const source = await openSource(given)
  const form = writeForm({ name, purpose }, source.name, boundary)
  const headers = { 'content-type': form.contentType, 'idempotency-key': idempotencyKey }
  const failed = new AbortController()
  // What a source throws is the caller's own: it is thrown as it is, and the source not asked again.
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal
  const timeoutMs = options.timeoutMs ?? standstillMs
  const sending = { source, form, headers, onProgress, options: { ...options, timeoutMs, signal } }
  return sendsStreams()
    ? sendStream(connection, sending, (error) => failed.abort(error))
    : sendWhole(connection, sending, given instanceof Blob ? given : await gather(source, signal))
}

/** Browsers send streams over HTTP/2 only, or not at all. */
const sendsStreams = () => !('XMLHttpRequest' in globalThis || 'ServiceWorkerGlobalScope' in globalThis)

async function sendStream(
  connection: Connection,
  { source, form, headers, onProgress, options }: Upload,
  onFailure: (error: unknown) => void,
): Promise<Sample> {
  const { head, tail } = form
  const progress = createProgress(source.bytes, onProgress)
  const length = source.bytes === null ? {} : { 'content-length': String(head.length + source.bytes + tail.length) }
  const call = async (signal: AbortSignal, moved: () => void) => {
    const over = new AbortController()
    const opened: AsyncGenerator[] = []
    const open = () => {
      const pieces = piecesOf(source, form, over.signal, (bytes) => {
        moved()
        progress.sent(bytes)
      })
      opened.push(pieces)
      const body = toStream(pieces, onFailure)
      return { method: 'POST', body, duplex: 'half', headers: { ...headers, ...length }, signal } as const
    }
    try {
      return (await connection.read(await connection.fetch(path, source.repeatable ? open : open()))) as Sample
    } finally {
      // An aborted fetch leaves the stream as it is.
      over.abort()
      for (const pieces of opened) void pieces.return(undefined).catch(() => undefined)
    }
  }
  const sample = await (source.repeatable ? connection.repeatable(call, options) : connection.once(call, options))
  progress.end()
  return sample
}

async function sendWhole(
  connection: Connection,
  { form: { head, tail }, headers, onProgress, options }: Upload,
  file: Blob,
): Promise<Sample> {
  const progress = createProgress(file.size, onProgress)
  const body = new Blob([head, file, tail])
  const sample = await connection.repeatable(async (signal, moved) => {
    const onSent = (bytes: number) => {
      moved()
      progress.sent(Math.min(file.size, Math.max(0, bytes - head.length)))
    }
    const { XMLHttpRequest } = connection
    const response =
      onProgress && XMLHttpRequest
        ? await connection.authorized((authorize) =>
            postByXhr(new XMLHttpRequest(), connection.resolve(path), { body, signal, ...authorize(headers) }, onSent),
          )
        : await connection.fetch(path, { method: 'POST', body, headers, signal })
    return (await connection.read(response)) as Sample
  }, options)
  progress.end()
  return sample
}

/** @param onSent told how many bytes of the source were taken, whenever more are asked for. */
async function* piecesOf(
  source: OpenSource,
  { head, tail }: Form,
  until: AbortSignal,
  onSent: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0
  yield head
  for await (const piece of source.read(until)) {
    if (bytes + piece.length > (source.bytes ?? Number.POSITIVE_INFINITY)) throw changed(source)
    // Some sources give all in one, of which nothing could be told until it has gone.
    for (let start = 0; start < piece.length; start += pieceBytes) {
      const part = piece.subarray(start, start + pieceBytes)
      yield part
      bytes += part.length
      onSent(bytes)
    }
  }
  if (bytes < (source.bytes ?? bytes)) throw changed(source)
  yield tail
}

const changed = ({ name }: OpenSource) => new Error(`${name ?? 'The source'} changed while it was being uploaded.`)

function toStream(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
  onFailure: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          onFailure(error)
          throw error
        }
      },
    },
    // Else a piece would count as sent that is only read.
    { highWaterMark: 0 },
  )
}

async function gather(source: OpenSource, signal: AbortSignal): Promise<Blob> {
  const pieces: BlobPart[] = []
  // Copied, since a source may fill the same memory again and again.
  for await (const piece of source.read(signal)) pieces.push(new Uint8Array(piece))
  signal.throwIfAborted()
  return new Blob(pieces)
}

/** Tells how much has gone, and never that it became less: a file that is sent again begins where it began before. */
function createProgress(totalBytes: number | null, tell: OnProgress = () => undefined) {
  let told = 0
  return {
    sent(sentBytes: number) {
      if (sentBytes <= told) return
      told = sentBytes
      tell({ sentBytes, totalBytes })
    },
    /** All of it has gone, and was taken. */
    end() {
      const bytes = totalBytes ?? told
      if (totalBytes === null || told < bytes) tell({ sentBytes: bytes, totalBytes: bytes })
    },
  }
}
