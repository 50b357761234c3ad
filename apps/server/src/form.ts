import type { FileHandle } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Busboy, type BusboyFileStream } from '@fastify/busboy'
import { Refusal } from '@loqui/core/errors'
import { refuseFull } from './disk-full.ts'
import { createPace, type PaceLimits } from './pace.ts'
import { type Written, writeStream } from './write-stream.ts'

/** A form with one file, as it was sent. */
export interface ReceivedForm {
  readonly bytes: number
  /** Lower-case hex SHA-256 of the file. */
  readonly sha256: string
  /** What the sender calls the file. */
  readonly fileName: string | undefined
  readonly fields: Readonly<Record<string, string>>
}

export interface FormLimits {
  /** Of the file. */
  readonly fileBytes: number
  readonly pace: PaceLimits
}

/** What a form has beside its file: its other fields, and what is between them. */
const otherBytes = 64 << 10
const mostFields = 8
/** Names and values are longer than they may be in the end: what is too long is told with all else that is wrong. */
const fieldBytes = 4 << 10
/** What waits between the connection and the disk. */
const bufferBytes = 128 << 10
const checkMs = 1_000

/** What a body may come to at most, as far as its headers say. */
export function mostBytesOf(req: IncomingMessage, { fileBytes }: Pick<FormLimits, 'fileBytes'>): number {
  const announced = req.headers['content-length']
  return announced === undefined ? fileBytes : Math.min(fileBytes, Math.max(1, Number(announced)))
}

/**
 * Looks at the headers of a form before anything of it is taken.
 *
 * @throws {Refusal} `invalid_input`, `payload_too_large`.
 */
export function checkForm(req: IncomingMessage, { fileBytes }: Pick<FormLimits, 'fileBytes'>): void {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity', 'content-length': length } = req.headers
  if (!/^multipart\/form-data\s*(;|$)/i.test(type)) {
    throw new Refusal('invalid_input', 'Content-Type: send the file as multipart/form-data, in a part called “file”.')
  }
  if (encoding !== 'identity') throw new Refusal('invalid_input', 'Content-Encoding: send the form as it is.')
  if (length !== undefined && Number(length) > fileBytes + otherBytes) throw tooLarge(fileBytes)
}

/**
 * Takes a form from a connection and writes its file, as fast as the disk takes it, and no faster than that. The connection
 * stays usable for an answer whatever goes wrong; what comes after that is not read.
 *
 * @param file where the file of the form goes, from its beginning.
 * @throws {Refusal} `invalid_input`, `payload_too_large`, `upload_incomplete`, `upload_too_slow`, `storage_full`.
 */
export async function receiveForm(req: IncomingMessage, file: FileHandle, limits: FormLimits): Promise<ReceivedForm> {
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => undefined)
  const fields = new Map<string, string>()
  let arriving: { stream: BusboyFileStream; written: Promise<Written>; fileName: string | undefined } | undefined
  const form = openForm(req, limits)
  const fail = (error: unknown) => failure.reject(error)
  form
    .on('file', (_field, stream, fileName) => {
      stream.on('limit', () => fail(tooLarge(limits.fileBytes)))
      const written = writeStream(stream, file).catch(refuseFull)
      written.catch(fail)
      arriving = { stream, written, fileName: fileName === '' ? undefined : fileName }
    })
    .on('field', (field, value, _fieldTruncated, truncated) => {
      const name = (field ?? '').slice(0, 100)
      if (fields.has(name)) fail(wrongField(name, 'must be given once'))
      if (truncated) fail(wrongField(name, 'is too long'))
      fields.set(name, value)
    })
    .on('filesLimit', () => fail(wrongField('file', 'must be one file')))
    .on('fieldsLimit', () => fail(new Refusal('invalid_input', `A form has at most ${mostFields} fields here.`)))
    .on('partsLimit', () => fail(new Refusal('invalid_input', `A form has at most ${mostFields} fields here.`)))
    .on('error', (error: unknown) => fail(cutShort(error)))
  const parsed = new Promise((resolve) => form.on('finish', resolve))
  const feed = feedForm(req, form, limits, fail)
  try {
    await Promise.race([Promise.all([feed.ended, parsed]), failure.promise])
    if (!arriving)
      throw wrongField(
        'file',
        'must be given, as a part of the form with the bytes of an audio file, and a name of one line',
      )
    const written = await Promise.race([arriving.written, failure.promise])
    return { ...written, fileName: arriving.fileName, fields: Object.fromEntries(fields) }
  } catch (error) {
    // By an error: of a stream that has been given its end a pipeline would wait for that end for ever.
    arriving?.stream.destroy(new Error('the form is not taken', { cause: error }))
    throw error
  } finally {
    feed.stop()
    // The file may be closed when this returns, and not before it is written to for the last time.
    await arriving?.written.catch(() => undefined)
  }
}

function openForm(req: IncomingMessage, { fileBytes }: FormLimits) {
  try {
    return new Busboy({
      headers: { ...req.headers, 'content-type': req.headers['content-type'] ?? '' },
      isPartAFile: (name) => name === 'file',
      highWaterMark: bufferBytes,
      fileHwm: bufferBytes,
      limits: {
        fileSize: fileBytes,
        files: 1,
        fields: mostFields,
        parts: mostFields + 2,
        fieldSize: fieldBytes,
        headerPairs: 16,
        headerSize: 2 * fieldBytes,
      },
    })
  } catch (cause) {
    throw new Refusal('invalid_input', 'Content-Type: the multipart form needs a boundary.', { cause })
  }
}

type Form = ReturnType<typeof openForm>

/** Gives the form what comes, while it comes fast enough. */
function feedForm(
  req: IncomingMessage,
  form: Form,
  { fileBytes, pace: paceLimits }: FormLimits,
  fail: (error: unknown) => void,
) {
  const pace = createPace(paceLimits)
  const ended = Promise.withResolvers<void>()
  let bytes = 0
  let isWhole = false
  const onData = (chunk: Buffer) => {
    pace.received(chunk.length)
    bytes += chunk.length
    if (bytes > fileBytes + otherBytes) return fail(tooLarge(fileBytes))
    if (form.write(chunk)) return
    pace.hold()
    req.pause()
  }
  const onDrain = () => {
    pace.go()
    req.resume()
  }
  const onEnd = () => {
    isWhole = true
    form.end()
    ended.resolve()
  }
  const onGone = () => {
    if (!isWhole) fail(cutShort(req.errored))
  }
  const checking = setInterval(() => {
    try {
      pace.check()
    } catch (error) {
      fail(error)
    }
  }, checkMs)
  form.on('drain', onDrain)
  req.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
  // Whoever left before anybody listened is not heard leaving.
  if (req.destroyed) onGone()
  return {
    ended: ended.promise,
    stop() {
      clearInterval(checking)
      form.off('drain', onDrain)
      req.off('data', onData).off('end', onEnd).pause()
    },
  }
}

const tooLarge = (most: number) =>
  new Refusal('payload_too_large', `file: must be at most ${most >> 20} MiB large.`, {
    issues: [{ field: 'file', message: `must be at most ${most >> 20} MiB large` }],
  })

const cutShort = (cause: unknown) =>
  new Refusal('upload_incomplete', 'The form ends before its last boundary. Send it again, as a whole.', { cause })

function wrongField(field: string, message: string): Refusal {
  return new Refusal('invalid_input', `${field}: ${message}`, { issues: [{ field, message }] })
}
