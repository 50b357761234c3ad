import { watchLibrary, watchLibraryInput } from '@loqui/core/library/watch'
import type { TRPCRouterRecord } from '@trpc/server'
import { subscription } from '../subscription.ts'
import { procedure } from '../trpc.ts'

export const library = {
  watch: procedure
    .input(watchLibraryInput)
    .subscription(({ ctx, input, path, signal }) =>
      subscription(ctx, path, (until) => watchLibrary(ctx, input, until), signal),
    ),
} satisfies TRPCRouterRecord
