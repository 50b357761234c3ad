import { listPlans } from '@loqui/core/plans/list'
import type { Plan } from '@loqui/core/plans/plan'
import type { TRPCRouterRecord } from '@trpc/server'
import { publicProcedure } from '../trpc.ts'

export const plans = {
  list: publicProcedure.query(({ ctx }): Promise<Plan[]> => listPlans(ctx)),
} satisfies TRPCRouterRecord
