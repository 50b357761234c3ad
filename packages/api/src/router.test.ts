import type { inferRouterError, inferRouterInputs, inferRouterOutputs } from '@trpc/server'
import { expect, expectTypeOf, test } from 'vitest'
import type { ErrorShape } from './errors.ts'
import type { AppRouter, appRouter } from './router.ts'
import { listProcedures } from './testing.ts'

test('what clients see of the router is what it does', () => {
  expectTypeOf<inferRouterInputs<AppRouter>>().toEqualTypeOf<inferRouterInputs<typeof appRouter>>()
  expectTypeOf<inferRouterOutputs<AppRouter>>().toEqualTypeOf<inferRouterOutputs<typeof appRouter>>()
  expectTypeOf<inferRouterError<AppRouter>>().toEqualTypeOf<ErrorShape>()
  expectTypeOf<inferRouterError<typeof appRouter>>().toEqualTypeOf<ErrorShape>()
})

test('the router has the procedures of the contract, and no others', () => {
  expect(listProcedures().map(({ path, type }) => `${path} ${type}`)).toEqual([
    'admin.budgets.list query',
    'admin.budgets.set mutation',
    'admin.costs query',
    'admin.plans.list query',
    'admin.plans.upsert mutation',
    'admin.quota.adjust mutation',
    'admin.quota.entries query',
    'admin.quota.refund mutation',
    'admin.users.get query',
    'admin.users.list query',
    'admin.users.update mutation',
    'auth.login mutation',
    'auth.logout mutation',
    'auth.me query',
    'auth.register mutation',
    'consents.create mutation',
    'consents.get query',
    'consents.list query',
    'consents.revoke mutation',
    'consents.statement query',
    'events subscription',
    'generations.cancel mutation',
    'generations.create mutation',
    'generations.delete mutation',
    'generations.estimate query',
    'generations.get query',
    'generations.link mutation',
    'generations.list query',
    'generations.retake mutation',
    'generations.segments query',
    'generations.status query',
    'generations.watch subscription',
    'keys.create mutation',
    'keys.list query',
    'keys.revoke mutation',
    'library.watch subscription',
    'monitoring.engines query',
    'plans.list query',
    'pronunciations.create mutation',
    'pronunciations.delete mutation',
    'pronunciations.list query',
    'pronunciations.update mutation',
    'samples.delete mutation',
    'samples.get query',
    'samples.link mutation',
    'samples.list query',
    'samples.rename mutation',
    'tokens.create mutation',
    'usage.current query',
    'usage.history query',
    'usage.watch subscription',
    'voices.create mutation',
    'voices.delete mutation',
    'voices.get query',
    'voices.list query',
    'voices.update mutation',
  ])
})
