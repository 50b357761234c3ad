import type { ServerResponse } from 'node:http'
import type { RequestContext } from '@loqui/api/context'
import { toRefusal } from '@loqui/api/errors'
import {
  type AnyTRPCRouter,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  TRPCError,
  type TRPCProcedureType,
} from '@trpc/server'
import { getHTTPStatusCode } from '@trpc/server/http'

/** What became of one call: an error, else data. */
export interface Outcome {
  /** Of the procedure, where it is known. */
  readonly path?: string | undefined
  readonly data?: unknown
  readonly error?: TRPCError
}

/** The router's context, as far as answering needs it. */
export type RpcContext = Pick<RequestContext, 'requestId' | 'log'>

export interface Answer {
  readonly outcomes: readonly Outcome[]
  /** Whether they are written as an array. */
  readonly batch: boolean
  readonly type: TRPCProcedureType | 'unknown'
  readonly context: RpcContext
}

/** Writes an answer as tRPC does. */
export function writeAnswer(router: AnyTRPCRouter, res: ServerResponse, answer: Answer): void {
  const { status, body, errors } = serializeOrFail(router, answer)
  res.statusCode = status
  res.setHeader('content-type', 'application/json')
  res.setHeader('vary', 'trpc-accept, accept, Origin')
  const wait = retryAfter(errors)
  if (wait !== undefined) res.setHeader('retry-after', wait)
  res.end(body)
}

/** One output that cannot be serialized is an error of the whole answer, and a mistake of ours. */
function serializeOrFail(router: AnyTRPCRouter, answer: Answer) {
  try {
    return serialize(router, answer)
  } catch (cause) {
    const { log, requestId } = answer.context
    log.error({ error: cause, requestId }, 'an output cannot be serialized')
    return serialize(router, { ...answer, outcomes: [{ error: getTRPCErrorFromUnknown(cause) }], batch: false })
  }
}

function serialize(router: AnyTRPCRouter, { outcomes, batch, type, context: ctx }: Answer) {
  const config = router._def._config
  const errors = outcomes.map(({ error, data }) => error ?? (isStream(data) ? streamed : undefined))
  const results = outcomes.map(({ path, data }, index) => {
    const error = errors[index]
    if (!error) return { result: { data } }
    // What was sent, a password perhaps, is nothing to tell of in an error.
    return { error: getTRPCErrorShape({ config, error, type, path, input: undefined, ctx }) }
  })
  // As transformTRPCResponse() does, without the copies it makes.
  const { output } = config.transformer
  const serialized = results.map(({ result, error }) =>
    result ? { result: { data: output.serialize(result.data) } } : { error: output.serialize(error) },
  )
  return {
    status: getHTTPStatusCode(results, errors),
    body: JSON.stringify(batch ? serialized : serialized[0]),
    errors,
  }
}

/** When to come back, as a header: after the longest of what the errors of a batch say. */
export function retryAfter(errors: readonly (TRPCError | undefined)[]): string | undefined {
  const waits = errors.flatMap((error) => (error ? (toRefusal(error, '').retryAfterSeconds ?? []) : []))
  return waits.length > 0 ? String(Math.max(...waits)) : undefined
}

const streamed = new TRPCError({
  code: 'UNSUPPORTED_MEDIA_TYPE',
  message: 'Cannot use stream-like response in non-streaming request - use httpBatchStreamLink',
})

/** Data that comes later has no place in an answer that is written at once. */
function isStream(data: unknown): boolean {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false
  return isIterable(data) || Object.values(data).some((value) => isIterable(value) || value instanceof Promise)
}

const isIterable = (value: unknown) => typeof value === 'object' && value !== null && Symbol.asyncIterator in value
