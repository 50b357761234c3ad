import { type CurrentUsage, currentUsage } from '@loqui/core/usage/current'
import { usageHistory, usageHistoryInput } from '@loqui/core/usage/history'
import type { UsageReport } from '@loqui/core/usage/report'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const usage = {
  current: procedure.query(({ ctx }): Promise<CurrentUsage> => currentUsage(ctx)),
  history: procedure
    .input(usageHistoryInput.prefault({}))
    .query(({ ctx, input }): Promise<UsageReport> => usageHistory(ctx, input)),
} satisfies TRPCRouterRecord
