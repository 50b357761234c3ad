import type { RequestContext } from '@loqui/api/context'
import { parseInput } from '@loqui/api/errors'
import { audioFormatInfo } from '@loqui/audio/format'
import type { Actor } from '@loqui/core/actor'
import { asSpoken } from '@loqui/core/generations/output'
import { playGeneration, playGenerationInput } from '@loqui/core/generations/play'
import { openLink, type SignedAddress } from '@loqui/core/links/open'
import { isSigned } from '@loqui/core/links/sign'
import { sampleAudio } from '@loqui/core/samples/audio'
import { sampleIdInput } from '@loqui/core/samples/queries'
import type { Request, RequestHandler, Response } from 'express'
import type { Connections } from './connections.ts'
import { sendComing } from './send-coming.ts'
import { sendObject } from './send-object.ts'

type ContextOf = (req: Request, res: Response) => RequestContext

/**
 * `GET /api/v1/generations/{id}/audio?format=&sampleRate=&bitRate=&loudness=&complete=&download=`: the bytes, whole or a range,
 * to whom they belong or has a link; of a generation that is being made, from the beginning and as they come.
 */
export const generationDownload =
  (contextOf: ContextOf, { listenerStalls }: Pick<Connections, 'listenerStalls'>): RequestHandler =>
  async (req, res) => {
    const ctx = contextOf(req, res)
    const { actor, input } = await admit(ctx, req, 'generation', () =>
      parseInput(playGenerationInput, {
        ...given(req, ['format']),
        ...Object.fromEntries(Object.entries(given(req, ['complete'])).map(toBoolean)),
        ...Object.fromEntries(Object.entries(given(req, ['sampleRate', 'bitRate', 'loudness'])).map(toNumber)),
        id: req.params.id,
      }),
    )
    const audio = await playGeneration({ ...ctx, actor }, input)
    const contentType = audioFormatInfo[audio.format].contentType(audio.sampleRate)
    const open = actor.kind === 'link'
    if ('key' in audio) await sendObject(ctx, req, res, { ...audio, contentType, modifiedAt: audio.finishedAt, open })
    else await sendComing({ ...ctx, actor }, req, res, { ...audio, contentType, open }, listenerStalls)
  }

/** `GET /api/v1/samples/{id}/audio?download=`: the bytes as they were given, to whom they belong or has a link. */
export const sampleDownload =
  (contextOf: ContextOf): RequestHandler =>
  async (req, res) => {
    const ctx = contextOf(req, res)
    const { actor, input } = await admit(ctx, req, 'sample', () => parseInput(sampleIdInput, { id: req.params.id }))
    const audio = await sampleAudio({ ...ctx, actor }, input)
    await sendObject(ctx, req, res, { ...audio, modifiedAt: audio.createdAt, open: actor.kind === 'link' })
  }

/** Who asks: by a link where the address is signed, else by credentials. */
async function admit<Input extends { readonly id: string }>(
  ctx: RequestContext,
  req: Request,
  kind: SignedAddress['kind'],
  read: () => Input,
): Promise<{ readonly actor: Actor; readonly input: Input }> {
  const query = new URLSearchParams(req.url.split('?').slice(1).join('?'))
  if (!isSigned(query)) return { actor: await ctx.admit(), input: read() }
  ctx.admitAnyone()
  const input = read()
  return { actor: await openLink(ctx, { kind, id: input.id, path: req.path, query }), input }
}

/** The parameters of a query that are known. */
const given = ({ query }: Request, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (Object.hasOwn(query, name) ? [[name, query[name]]] : [])))

/** A parameter that says yes or no; what is neither is refused by what reads it. */
const toBoolean = ([name, value]: [string, unknown]): [string, unknown] => [
  name,
  value === '1' || value === 'true' ? true : value === '0' || value === 'false' ? false : value,
]

/** A parameter whose value is a number, or says that there is none; what is neither is refused by what reads it. */
const toNumber = ([name, value]: [string, unknown]): [string, unknown] => {
  if (name === 'loudness' && value === asSpoken) return [name, null]
  return [name, typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value]
}
