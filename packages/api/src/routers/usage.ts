import { type CurrentUsage, currentUsage } from '@loqui/core/usage/current'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const usage = {
  current: procedure.query(({ ctx }): Promise<CurrentUsage> => currentUsage(ctx)),
} satisfies TRPCRouterRecord
