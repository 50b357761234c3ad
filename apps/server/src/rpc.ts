import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestContext } from '@loqui/api/context'
import { appRouter } from '@loqui/api/router'
import { translate } from '@loqui/api/trpc'
import type { Log } from '@loqui/core/context'
import { Refusal } from '@loqui/core/errors'
import type { AnyTRPCRouter } from '@trpc/server'
import type { Env } from './env.ts'
import { checkOrigin } from './origin.ts'
import { readUrl, requestIdOf } from './request.ts'
import { plainTypeOf, refuseRpc, serveRpc } from './rpc-handler.ts'
import { isJson, isStreamed, type RpcRequest, readRpcRequest } from './rpc-request.ts'
import { createFixedHeaders } from './security.ts'

/** The largest plan's longest text, every character of it escaped, with room for the rest of the call. */
const maxBodySize = 13 << 20
/** Enough to log in: who has not done so must not make the server hold and parse a book. */
const maxStrangersBodySize = 64 << 10
const maxBatchSize = 20

export interface RpcDoorOptions extends Pick<Env, 'publicUrl' | 'origins'> {
  readonly contextOf: (req: IncomingMessage, res: ServerResponse) => RequestContext
  readonly log: Log
  /** Default: Loqui's own. */
  readonly router?: AnyTRPCRouter
}

/**
 * What answers requests below /trpc and says false to others. Preflights are among the others: browsers send them once,
 * so they may as well take the long way.
 */
export function createRpcDoor({ publicUrl, origins, contextOf, log, router = appRouter }: RpcDoorOptions) {
  const options = { router, maxBatchSize }
  const headersFor = createFixedHeaders({ publicUrl, origins })

  async function answer(req: IncomingMessage, res: ServerResponse, request: RpcRequest): Promise<void> {
    res.setHeaders(headersFor(req.headers.origin))
    res.setHeader('cache-control', 'no-store')
    const context = contextOf(req, res)
    let known: boolean
    try {
      check(req, request, origins)
      // A look that no call comes after would be counted by nobody.
      known = !isSmall(req) && plainTypeOf(options, req, request) !== undefined && (await isKnown(context))
    } catch (error) {
      return refuseRpc(options, res, { ...request, context }, translate(context, request.path, error))
    }
    const most = known ? maxBodySize : maxStrangersBodySize
    return serveRpc(options, req, res, { ...request, context, maxBodySize: most })
  }

  return (req: IncomingMessage, res: ServerResponse): boolean => {
    const request = req.method === 'OPTIONS' ? undefined : readRpcRequest(req.url)
    if (!request) return false
    answer(req, res, request).catch((error: unknown) => {
      log.error({ error, requestId: requestIdOf(res) }, 'a call could not be answered')
      res.destroy()
    })
    return true
  }
}

/** @throws {Refusal} for what is no call before any procedure sees it. */
function check(req: IncomingMessage, { paths }: RpcRequest, origins: readonly string[]): void {
  if (req.method !== 'GET' && req.method !== 'HEAD') checkOrigin(req, origins)
  if (!readUrl(req)) throw new Refusal('invalid_input', 'The Host header and the path make no URL.')
  if (!paths) throw new Refusal('invalid_input', 'The path of the request is not well-formed.')
  if (paths.length > maxBatchSize) throw new Refusal('invalid_input', `A batch has at most ${maxBatchSize} calls.`)
  // A form of another site can send multipart without asking; nothing here is meant to be called by a form.
  if (req.method === 'POST' && !isJson(req)) throw new Refusal('invalid_input', 'Send the body as application/json.')
  // A streamed batch begins its answer before its calls are made: a login in it would have no cookie to give.
  if (isStreamed(req)) {
    throw new Refusal('invalid_input', 'trpc-accept: a batch is answered as a whole, not as application/jsonl.')
  }
}

/** Whether the body is one that nobody needs credentials to send. A chunked one does not say. */
const isSmall = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= maxStrangersBodySize

async function isKnown(context: RequestContext): Promise<boolean> {
  try {
    await context.identify()
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}
