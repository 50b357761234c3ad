import { type BrowserToken, createToken, createTokenInput } from '@loqui/core/tokens/create'
import type { TRPCRouterRecord } from '@trpc/server'
import { procedure } from '../trpc.ts'

export const tokens = {
  create: procedure
    .input(createTokenInput)
    .mutation(({ ctx, input }): Promise<BrowserToken> => createToken(ctx, input)),
} satisfies TRPCRouterRecord
