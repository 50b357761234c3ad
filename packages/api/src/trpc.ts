import { Refusal } from '@loqui/core/errors'
import { initTRPC, TRPCError } from '@trpc/server'
import type { RequestContext } from './context.ts'
import { type ErrorShape, isAlarm, toRefusal, toTRPCError, unreadable } from './errors.ts'
import { findBrokenText, shorten } from './text.ts'
import { transformer } from './transformer.ts'

const t = initTRPC.context<RequestContext>().create({
  transformer,
  isDev: false,
  sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 25_000 } },
  errorFormatter({ shape, error, ctx }): ErrorShape {
    const requestId = ctx?.requestId ?? ''
    const refusal = toRefusal(error, requestId)
    return {
      code: shape.code,
      message: refusal.message,
      data: {
        code: shape.data.code,
        httpStatus: shape.data.httpStatus,
        ...(shape.data.path !== undefined && { path: shape.data.path }),
        reason: refusal.reason,
        issues: [...refusal.issues],
        retryAfterSeconds: refusal.retryAfterSeconds ?? null,
        requestId,
      },
    }
  },
})

export const { router, createCallerFactory } = t

export function translate(
  ctx: Pick<RequestContext, 'requestId' | 'log' | 'showLimits'>,
  path: string,
  error: unknown,
): TRPCError {
  const refusal = toRefusal(error, ctx.requestId)
  ctx.showLimits(refusal.limits)
  if (isAlarm(refusal)) ctx.log.error({ error: refusal.cause, requestId: ctx.requestId, path }, 'a call failed')
  return toTRPCError(refusal)
}

/**
 * Reads the input before any schema does: what cannot be read or kept is the caller's mistake, and no alarm.
 *
 * @throws {Refusal} `invalid_input`.
 */
async function readInput(getRawInput: () => Promise<unknown>): Promise<void> {
  let broken: string | undefined
  try {
    broken = findBrokenText(await getRawInput())
  } catch (error) {
    // What tRPC says by itself, such as a body too large, it says without a cause. Too deep a nesting is found by
    // whoever first goes through it: superjson, or the search above.
    throw error instanceof TRPCError && error.cause === undefined ? error : unreadable(error)
  }
  if (broken !== undefined) {
    const [field, message] = [shorten(broken), 'must be well-formed Unicode without NUL characters']
    throw new Refusal('invalid_input', `${field}: ${message}`, { issues: [{ field, message }] })
  }
}

/** The one place where what a verb throws becomes an error of the wire, and where the log learns of it. */
function answer<Result extends { readonly ok: true } | { readonly ok: false; readonly error: TRPCError }>(
  ctx: RequestContext,
  path: string,
  call: () => Promise<Result>,
): Promise<Result> {
  return ctx.inTurn(async () => {
    const result = await call().catch((error: unknown) => ({ ok: false, error }) as const)
    if (!result.ok) throw translate(ctx, path, result.error)
    return result
  })
}

// One middleware each: tRPC copies the whole call for every next one, which is dearer than most of what they do.

/** Anyone may call it. */
export const publicProcedure = t.procedure.use(({ ctx, path, getRawInput, next }) =>
  answer(ctx, path, async () => {
    ctx.admitAnyone()
    await readInput(getRawInput)
    return next()
  }),
)

/** Only who can be identified may call it; what they may do is the verb's to say. */
export const procedure = t.procedure.use(({ ctx, path, getRawInput, next }) =>
  answer(ctx, path, async () => {
    const actor = await ctx.admit()
    await readInput(getRawInput)
    return next({ ctx: { actor } })
  }),
)
