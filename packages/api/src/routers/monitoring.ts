import { type EngineReport, monitorEngines } from '@loqui/core/monitoring/engines'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const monitoring = {
  engines: procedure.query(({ ctx }): Promise<EngineReport[]> => monitorEngines(ctx)),
} satisfies TRPCRouterRecord
