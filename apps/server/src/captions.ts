import type { RequestContext } from '@loqui/api/context'
import { parseInput } from '@loqui/api/errors'
import { type captionFormats, captionsInput, generationCaptions } from '@loqui/core/generations/captions'
import type { Request, RequestHandler, Response } from 'express'

const contentTypes: Record<(typeof captionFormats)[number], string> = {
  srt: 'application/x-subrip; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
  json: 'application/json; charset=utf-8',
}

/** `GET /api/v1/generations/{id}/captions.{srt,vtt,json}`: what is said when. */
export const captionsDownload =
  (contextOf: (req: Request, res: Response) => RequestContext): RequestHandler =>
  async (req, res) => {
    const ctx = contextOf(req, res)
    const actor = await ctx.admit()
    const input = parseInput(captionsInput, { id: req.params.id, format: req.params.format })
    const captions = await generationCaptions({ ...ctx, actor }, input)
    const name = `loqui-${input.id}.${input.format}`
    res
      .set({
        'cache-control': 'private, no-cache',
        'content-disposition': `${req.query.download === '1' ? 'attachment' : 'inline'}; filename="${name}"`,
        'content-type': contentTypes[input.format],
      })
      .send(captions)
  }
