import { type CurrentUsage, currentUsage } from '@loqui/core/usage/current'
import { usageHistory, usageHistoryInput } from '@loqui/core/usage/history'
import type { UsageReport } from '@loqui/core/usage/report'
import { watchUsage, watchUsageInput } from '@loqui/core/usage/watch'
import type { TRPCRouterRecord } from '@trpc/server'
import { subscription } from '../subscription.ts'
import { procedure } from '../trpc.ts'

export const usage = {
  current: procedure.query(({ ctx }): Promise<CurrentUsage> => currentUsage(ctx)),
  history: procedure
    .input(usageHistoryInput.prefault({}))
    .query(({ ctx, input }): Promise<UsageReport> => usageHistory(ctx, input)),
  watch: procedure
    .input(watchUsageInput)
    .subscription(({ ctx, input, path, signal }) =>
      subscription(ctx, path, (until) => watchUsage(ctx, input, until), signal),
    ),
} satisfies TRPCRouterRecord
