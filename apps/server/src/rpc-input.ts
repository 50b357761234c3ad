import type { IncomingMessage } from 'node:http'
import { type AnyTRPCRouter, TRPCError } from '@trpc/server'

export interface InputOptions {
  readonly router: AnyTRPCRouter
  /** What the URL has of it. */
  readonly query: URLSearchParams
  readonly batch: boolean
  /** Calls, of which each has its input under its index in a batch. */
  readonly calls: number
  /** In bytes. */
  readonly maxBodySize: number
}

/**
 * The input of each call, read when the first of them asks.
 *
 * @throws {TRPCError} to each that asks: `PAYLOAD_TOO_LARGE` or, where it is no JSON as superjson writes it, `BAD_REQUEST`.
 */
export function inputsOf(req: IncomingMessage, options: InputOptions): () => Promise<unknown[]> {
  let inputs: Promise<unknown[]> | undefined
  return () => {
    inputs ??= readInputs(req, options).catch((cause: unknown) => {
      throw cause instanceof TRPCError ? cause : new TRPCError({ code: 'BAD_REQUEST', cause })
    })
    return inputs
  }
}

async function readInputs(req: IncomingMessage, options: InputOptions): Promise<unknown[]> {
  const { router, query, batch, calls, maxBodySize } = options
  const transformer = router._def._config.transformer.input
  const text = req.method === 'GET' ? query.get('input') : await readBody(req, maxBodySize)
  if (!text) return []
  const json = JSON.parse(text)
  if (!batch) return [transformer.deserialize(json)]
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TRPCError({ code: 'BAD_REQUEST', message: '"input" needs to be an object when doing a batch call' })
  }
  return Array.from({ length: calls }, (_, index) =>
    json[index] === undefined ? undefined : transformer.deserialize(json[index]),
  )
}

const utf8 = new TextDecoder()

/** What is over the limit flows by unread, so that the client gets to its answer. */
function readBody(req: IncomingMessage, most: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size <= most) return void chunks.push(chunk)
      chunks.length = 0
      req.off('data', onData)
      req.resume()
      reject(new TRPCError({ code: 'PAYLOAD_TOO_LARGE' }))
    }
    const onEnd = () => {
      req.off('close', onClose)
      resolve(utf8.decode(Buffer.concat(chunks)))
    }
    const onClose = () => reject(new Error('The client left before the end of its body.'))
    if (req.destroyed) return onClose()
    req.on('data', onData)
    req.once('end', onEnd)
    req.once('close', onClose)
  })
}
