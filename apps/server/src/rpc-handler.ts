import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AnyTRPCRouter, callTRPCProcedure, getTRPCErrorFromUnknown, type TRPCError } from '@trpc/server'
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http'
import { type Outcome, type RpcContext, retryAfter, writeAnswer } from './rpc-answer.ts'
import { inputsOf } from './rpc-input.ts'
import { isJson, isStreamed, type RpcRequest } from './rpc-request.ts'

export interface RpcOptions {
  readonly router: AnyTRPCRouter
  /** Calls in one request. */
  readonly maxBatchSize: number
}

export interface RpcCalls extends RpcRequest {
  readonly context: RpcContext
  /** In bytes. */
  readonly maxBodySize: number
}

/**
 * Serves what nearly every request is: queries by GET or POST and mutations by POST, with JSON both ways. The rest is
 * given to tRPC's own adapter, which makes a Fetch `Request`, a `Response` and streams of each, at several times the cost.
 * Both answer alike: rpc-handler.test.ts holds one to the other, docs/decisions/0009-a-light-handler-for-rpc.md tells why.
 */
export async function serveRpc(
  options: RpcOptions,
  req: IncomingMessage,
  res: ServerResponse,
  calls: RpcCalls,
): Promise<void> {
  const { router, maxBatchSize } = options
  const { path, paths, query, batch, context, maxBodySize } = calls
  const type = plainTypeOf(options, req, calls)
  if (!type || !paths) {
    return nodeHTTPRequestHandler({
      ...{ router, req, res, path, maxBatchSize, maxBodySize },
      // A book that is to be estimated fits into no URL.
      allowMethodOverride: true,
      createContext: () => context,
      responseMeta: ({ errors }) => ({ headers: headersOf(errors) }),
    })
  }
  const left = new AbortController()
  res.once('close', () => res.writableEnded || left.abort())
  const inputs = inputsOf(req, { router, query, batch, calls: paths.length, maxBodySize })
  const call = async (path: string, batchIndex: number): Promise<Outcome> => {
    try {
      const { signal } = left
      const getRawInput = async () => (await inputs())[batchIndex]
      const data = await callTRPCProcedure({ router, path, type, ctx: context, signal, batchIndex, getRawInput })
      return { path, data }
    } catch (cause) {
      return { path, error: getTRPCErrorFromUnknown(cause) }
    }
  }
  writeAnswer(router, res, { outcomes: await Promise.all(paths.map(call)), batch, type, context })
}

/** Answers each call with the error and makes none. A batch too large to be called is too large for that too. */
export function refuseRpc(
  { router, maxBatchSize }: RpcOptions,
  res: ServerResponse,
  { paths = [], batch, context }: Pick<RpcCalls, 'paths' | 'batch' | 'context'>,
  error: TRPCError,
): void {
  const each = batch && paths.length > 0 && paths.length <= maxBatchSize
  const outcomes = each ? paths.map((path) => ({ path, error })) : [{ path: batch ? undefined : paths[0], error }]
  writeAnswer(router, res, { outcomes, batch: each, type: 'unknown', context })
}

/** Of an answer of the adapter, which writes its own `vary` over the one that CORS set. */
export function headersOf(errors: readonly TRPCError[]): Headers {
  const wait = retryAfter(errors)
  return new Headers({ vary: 'Origin', ...(wait !== undefined && { 'retry-after': wait }) })
}

/** What all procedures are that the request calls, where none of them needs anything but JSON: then each is called. */
export function plainTypeOf(
  { router, maxBatchSize }: RpcOptions,
  req: IncomingMessage,
  { paths, query }: RpcRequest,
): 'query' | 'mutation' | undefined {
  if (!paths || paths.length > maxBatchSize || isStreamed(req) || query.has('connectionParams')) return undefined
  const [type, ...others] = new Set(paths.map((path) => router._def.procedures[path]?._def.type))
  if (others.length > 0 || (type !== 'query' && type !== 'mutation')) return undefined
  if (req.method === 'POST') return isJson(req) ? type : undefined
  const isQuestion = req.method === 'GET' && type === 'query'
  return isQuestion && (isJson(req) || req.headers['content-type'] === undefined) ? type : undefined
}
