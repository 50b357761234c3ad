import type { Account } from '@loqui/core/accounts/account'
import { me } from '@loqui/core/accounts/me'
import { register, registerInput } from '@loqui/core/accounts/register'
import { countEntry } from '@loqui/core/limits/door'
import { login, loginInput } from '@loqui/core/sessions/login'
import { logout } from '@loqui/core/sessions/logout'
import type { OpenedSession } from '@loqui/core/sessions/open'
import type { TRPCRouterRecord } from '@trpc/server'
import type { RequestContext } from '../context.ts'
import { procedure, publicProcedure } from '../trpc.ts'

/** A session that has begun. */
export interface SessionStart {
  user: Account
  /** What a script sends as `Authorization: Bearer`; `null` in a browser, which has the cookie. */
  token: string | null
  /** ISO 8601. It moves on while the session is used. */
  expiresAt: string
}

async function enter(ctx: RequestContext, { email }: { readonly email: string }): Promise<void> {
  ctx.showLimits(await countEntry(ctx, { email, address: ctx.address }))
}

function begin(ctx: RequestContext, { user, token, expiresAt }: OpenedSession): SessionStart {
  ctx.setSessionCookie({ token, expiresAt })
  return { user, token: ctx.fromBrowser ? null : token, expiresAt: expiresAt.toISOString() }
}

export const auth = {
  register: publicProcedure.input(registerInput).mutation(async ({ ctx, input }): Promise<SessionStart> => {
    await enter(ctx, input)
    return begin(ctx, await register(ctx, input))
  }),
  login: publicProcedure.input(loginInput).mutation(async ({ ctx, input }): Promise<SessionStart> => {
    await enter(ctx, input)
    return begin(ctx, await login(ctx, input))
  }),
  logout: procedure.mutation(async ({ ctx }): Promise<void> => {
    await logout(ctx)
    ctx.setSessionCookie(null)
  }),
  me: procedure.query(({ ctx }): Promise<Account> => me(ctx)),
} satisfies TRPCRouterRecord
