import type { RequestContext } from '@loqui/api/context'
import { parseInput } from '@loqui/api/errors'
import { audioFormatInfo } from '@loqui/audio/format'
import { voiceIdInput } from '@loqui/core/voices/input'
import { voicePreview } from '@loqui/core/voices/preview'
import type { Request, RequestHandler, Response } from 'express'
import { sendObject } from './send-object.ts'

const yearSeconds = 365 * 24 * 60 * 60

/** `GET /api/v1/voices/{id}/preview?v=`: a voice speaking a sentence, a preset's for everybody. */
export const previewDownload =
  (contextOf: (req: Request, res: Response) => RequestContext): RequestHandler =>
  async (req, res) => {
    const ctx = contextOf(req, res)
    const input = parseInput(voiceIdInput, { id: req.params.id })
    ctx.admitAnyone()
    const preview = await voicePreview(ctx, input, () => ctx.admit())
    // What is asked for by its version never changes; what its maker may end is to be asked for each time.
    const isFinal = preview.open && req.query.v === preview.version
    await sendObject(ctx, req, res, {
      ...preview,
      contentType: audioFormatInfo.mp3.contentType(0),
      modifiedAt: preview.createdAt,
      ...(preview.open && { cacheControl: isFinal ? `public, max-age=${yearSeconds}, immutable` : 'no-cache' }),
    })
  }
