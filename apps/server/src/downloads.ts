import { pipeline } from 'node:stream/promises'
import type { RequestContext } from '@loqui/api/context'
import { parseInput } from '@loqui/api/errors'
import { audioFormatInfo } from '@loqui/audio/format'
import { generationAudio, generationAudioInput } from '@loqui/core/generations/audio'
import contentDisposition from 'content-disposition'
import type { Request, RequestHandler, Response } from 'express'

/** `GET /api/v1/generations/{id}/audio?format=&download=`: the bytes, whole or a range, to whom they belong. */
export const generationDownload =
  (contextOf: (req: Request, res: Response) => RequestContext): RequestHandler =>
  async (req, res) => {
    const ctx = contextOf(req, res)
    const actor = await ctx.identify()
    const input = parseInput(generationAudioInput, { id: req.params.id, format: req.query.format })
    const audio = await generationAudio({ ...ctx, actor }, input)
    const { contentType } = audioFormatInfo[audio.format]
    res.set({
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-disposition': contentDisposition(audio.fileName, {
        type: req.query.download === '1' ? 'attachment' : 'inline',
      }),
      'content-security-policy': "sandbox; default-src 'none'",
      'content-type': contentType,
      etag: `"${audio.sha256}"`,
      'last-modified': audio.finishedAt.toUTCString(),
    })
    if (req.fresh) {
      res.status(304).end()
      return
    }
    const range = readRange(req, audio.bytes, `"${audio.sha256}"`)
    if (range === 'unsatisfiable') {
      res.status(416).set('content-range', `bytes */${audio.bytes}`).end()
      return
    }
    if (range) res.status(206).set('content-range', `bytes ${range.start}-${range.end}/${audio.bytes}`)
    res.set('content-length', String(range ? range.end - range.start + 1 : audio.bytes))
    if (req.method === 'HEAD') {
      res.end()
      return
    }
    const body = await ctx.storage.read(audio.key, range)
    await pipeline(body, res).catch((error: unknown) => {
      // A listener who leaves is no error; a store that breaks off is one, and the reader must not take it for the end.
      if (!req.destroyed) ctx.log.error({ error, requestId: ctx.requestId }, 'a download broke off')
      res.destroy()
    })
  }

/** One range is served; several are answered with the whole, as RFC 9110 allows. */
function readRange(
  req: Request,
  bytes: number,
  etag: string,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const condition = req.get('if-range')
  if (condition !== undefined && condition !== etag) return undefined
  const ranges = req.range(bytes)
  if (ranges === -1) return 'unsatisfiable'
  if (!Array.isArray(ranges) || ranges.type !== 'bytes' || ranges.length !== 1) return undefined
  return ranges[0]
}
