import type { Account } from '@loqui/core/accounts/account'
import { updateAccount, updateAccountInput } from '@loqui/core/accounts/update'
import type { Plan } from '@loqui/core/plans/plan'
import { upsertPlan, upsertPlanInput } from '@loqui/core/plans/upsert'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const admin = {
  users: {
    update: procedure
      .input(updateAccountInput)
      .mutation(({ ctx, input }): Promise<Account> => updateAccount(ctx, input)),
  },
  plans: {
    upsert: procedure.input(upsertPlanInput).mutation(({ ctx, input }): Promise<Plan> => upsertPlan(ctx, input)),
  },
} satisfies TRPCRouterRecord
