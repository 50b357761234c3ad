import type { IncomingMessage } from 'node:http'
import type { RequestContext } from '@loqui/api/context'
import { parseInput } from '@loqui/api/errors'
import { Refusal } from '@loqui/core/errors'
import { mostSampleBytes, type ReceivedFile, uploadSample, uploadSampleInput } from '@loqui/core/samples/upload'
import type { Request, RequestHandler, Response } from 'express'
import { checkForm, type FormLimits, mostBytesOf, receiveForm } from './form.ts'
import { linger } from './linger.ts'
import { uploadPace } from './pace.ts'

/** In one process: each is two connections' worth of buffers and an open file. */
const mostAtOnce = 200

const limits: FormLimits = { fileBytes: mostSampleBytes, pace: uploadPace }

/** `POST /api/v1/samples`: a form with a file and what it is called becomes a sample. */
export function sampleUpload(contextOf: (req: Request, res: Response) => RequestContext): RequestHandler {
  let underWay = 0
  return async (req, res) => {
    underWay++
    try {
      const ctx = contextOf(req, res)
      const actor = await ctx.admit()
      checkForm(req, limits)
      if (underWay > mostAtOnce) {
        throw new Refusal('busy', 'Too many files are being uploaded right now. Try again in a moment.', {
          retryAfterSeconds: 1,
        })
      }
      const sample = await uploadSample(
        { ...ctx, actor },
        {
          mostBytes: mostBytesOf(req, limits),
          idempotencyKey: ctx.idempotencyKey,
          retryCount: ctx.retryCount,
          signal: goneSignal(req, res),
          receive: async (file): Promise<ReceivedFile> => {
            if (expectsContinue(req)) res.writeContinue()
            const { fields, ...received } = await receiveForm(req, file, limits)
            return { ...received, input: parseInput(uploadSampleInput, fields) }
          },
        },
      )
      res.status(201).set('cache-control', 'no-store').json(sample)
    } catch (error) {
      linger(req, res)
      throw error
    } finally {
      underWay--
    }
  }
}

/** The client waits for a word before it sends the body: it is told when there is room for it. */
export const expectsContinue = (req: IncomingMessage): boolean => /^100-continue$/i.test(req.headers.expect ?? '')

/** Aborts when nobody is there any more to be answered. */
function goneSignal(req: Request, res: Response): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) {
      gone.abort(
        new Refusal('upload_incomplete', 'The connection was closed before the upload was done.', {
          cause: req.errored,
        }),
      )
    }
  })
  return gone.signal
}
