import type { TRPCBuiltRouter } from '@trpc/server'
import type { ErrorShape } from './errors.ts'
import { admin } from './routers/admin.ts'
import { auth } from './routers/auth.ts'
import { consents } from './routers/consents.ts'
import { events } from './routers/events.ts'
import { generations } from './routers/generations.ts'
import { keys } from './routers/keys.ts'
import { library } from './routers/library.ts'
import { monitoring } from './routers/monitoring.ts'
import { plans } from './routers/plans.ts'
import { pronunciations } from './routers/pronunciations.ts'
import { samples } from './routers/samples.ts'
import { tokens } from './routers/tokens.ts'
import { usage } from './routers/usage.ts'
import { voices } from './routers/voices.ts'
import { router } from './trpc.ts'

const routes = {
  admin,
  auth,
  consents,
  events,
  generations,
  keys,
  library,
  monitoring,
  plans,
  pronunciations,
  samples,
  tokens,
  usage,
  voices,
}

export const appRouter = router(routes)

/**
 * The router's type for clients. It is rebuilt without the context, which would drag the whole server into the
 * published SDK.
 */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: true },
  typeof routes
>
