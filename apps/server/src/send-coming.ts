import type { Readable } from 'node:stream'
import type { RequestContext } from '@loqui/api/context'
import type { Actor } from '@loqui/core/actor'
import type { Request, Response } from 'express'
import { fileHeaders, type SentFile } from './send-object.ts'
import { sendStream } from './send-stream.ts'
import type { Stalls } from './stalls.ts'

/** Audio that is still being made, as it is to be answered. */
export interface SentComing extends SentFile {
  /** Opens it, until the signal aborts. */
  readonly listen: (signal: AbortSignal) => Promise<Readable>
}

/**
 * Answers GET with audio as it comes, from its beginning whatever range is asked for: nobody knows how long it will be. Where
 * it does not come to its end the connection is broken off, so that nobody takes a part for the whole; and so is that of who
 * takes nothing of it for too long, whose place others wait for. HEAD is answered with what GET would be.
 */
export async function sendComing(
  ctx: Pick<RequestContext, 'watchAccess' | 'log' | 'requestId'> & { readonly actor: Actor },
  req: Request,
  res: Response,
  coming: SentComing,
  stalls: Stalls,
): Promise<void> {
  const headers = { ...fileHeaders(req, coming), 'accept-ranges': 'none', 'cache-control': 'no-store' }
  if (req.method === 'HEAD') {
    res.set(headers).end()
    return
  }
  const end = new AbortController()
  const leave = () => end.abort(new Error('the reader left'))
  res.once('close', leave)
  // Whoever has a link may open it until it expires, and then hear it to its end.
  const access = ctx.actor.kind === 'link' ? undefined : ctx.watchAccess(ctx.actor)
  const lose = () => end.abort(access?.signal.reason)
  access?.signal.addEventListener('abort', lose)
  try {
    const audio = await coming.listen(end.signal)
    res.set(headers)
    // The answer itself has no socket yet where it follows another one.
    const unwatch = stalls.watch(req.socket, () => {
      end.abort(new Error('nothing was taken of it for too long'))
      // Where all of it has been made meanwhile, nothing else ends it.
      res.destroy()
    })
    await sendStream(audio, res, null)
      .catch((error: unknown) => {
        if (!req.destroyed) ctx.log.warn({ error, requestId: ctx.requestId }, 'audio that was being made broke off')
        res.destroy()
      })
      .finally(unwatch)
  } catch (error) {
    // Who has left hears nothing of it.
    if (!res.destroyed) throw error
  } finally {
    res.off('close', leave)
    access?.signal.removeEventListener('abort', lose)
    access?.release()
  }
}
