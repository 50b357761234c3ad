import { watchEvents, watchEventsInput } from '@loqui/core/generations/watch'
import { subscription } from '../subscription.ts'
import { procedure } from '../trpc.ts'

export const events = procedure
  .input(watchEventsInput)
  .subscription(({ ctx, input, path, signal }) =>
    subscription(ctx, path, (until) => watchEvents(ctx, input, until), signal),
  )
