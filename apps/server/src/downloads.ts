import { pipeline } from 'node:stream/promises'
import type { RequestContext } from '@loqui/api/context'
import { parseInput } from '@loqui/api/errors'
import { audioFormatInfo } from '@loqui/audio/format'
import { generationAudio, generationAudioInput } from '@loqui/core/generations/audio'
import contentDisposition from 'content-disposition'
import type { Request, RequestHandler, Response } from 'express'
import fresh from 'fresh'

/** `GET /api/v1/generations/{id}/audio?format=&download=`: the bytes, whole or a range, to whom they belong. */
export const generationDownload =
  (contextOf: (req: Request, res: Response) => RequestContext): RequestHandler =>
  async (req, res) => {
    const ctx = contextOf(req, res)
    const actor = await ctx.admit()
    const input = parseInput(generationAudioInput, { id: req.params.id, format: req.query.format })
    const audio = await generationAudio({ ...ctx, actor }, input)
    const validators = { etag: `"${audio.sha256}"`, 'last-modified': audio.finishedAt.toUTCString() }
    const range = req.method === 'GET' ? readRange(req, audio.bytes, validators.etag) : undefined
    const headers = {
      ...validators,
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-disposition': contentDisposition(audio.fileName.replaceAll(deceptive, ' '), {
        type: req.query.download === '1' ? 'attachment' : 'inline',
      }),
      'content-security-policy': "sandbox; default-src 'none'",
      'content-type': audioFormatInfo[audio.format].contentType,
    }
    // `no-cache` is what fetch adds to every conditional request; it asks caches, not us, to look again.
    if (fresh({ ...req.headers, 'cache-control': undefined }, validators)) {
      res.status(304).set(headers).end()
      return
    }
    if (range === 'unsatisfiable') {
      res.status(416).set(headers).set('content-range', `bytes */${audio.bytes}`).end()
      return
    }
    const length = range ? range.end - range.start + 1 : audio.bytes
    if (req.method === 'HEAD') {
      res.set(headers).set('content-length', String(length)).end()
      return
    }
    const body = await ctx.storage.read(audio.key, range)
    res.set(headers).set('content-length', String(length))
    if (range) res.status(206).set('content-range', `bytes ${range.start}-${range.end}/${audio.bytes}`)
    await pipeline(body, (chunks) => exactly(length, chunks), res).catch((error: unknown) => {
      // A listener who leaves is no error; a store that breaks off is one, and the reader must not take it for the end.
      if (!req.destroyed) ctx.log.error({ error, requestId: ctx.requestId }, 'a download broke off')
      res.destroy()
    })
  }

/** Characters that break a line, or turn the direction so that a name seems to end otherwise than it does. */
const deceptive = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

/** @throws {Error} at the end of fewer bytes than were promised: the client would wait for the rest. */
async function* exactly(bytes: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sent = 0
  for await (const chunk of chunks) {
    sent += chunk.length
    yield chunk
  }
  if (sent !== bytes) throw new Error(`the object ends after ${sent} of ${bytes} bytes`)
}

/**
 * What is asked for, both ends included. One range is served; several, and what is none, are answered with the whole,
 * as RFC 9110 allows.
 */
function readRange(
  req: Request,
  bytes: number,
  etag: string,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const condition = req.get('if-range')
  if (condition !== undefined && condition !== etag) return undefined
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(req.get('range') ?? '') ?? []
  if (from === undefined || to === undefined || from + to === '') return undefined
  const start = from === '' ? Math.max(0, bytes - Number(to)) : Number(from)
  const end = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (from !== '' && to !== '' && Number(to) < start) return undefined
  return start < bytes ? { start, end } : 'unsatisfiable'
}
