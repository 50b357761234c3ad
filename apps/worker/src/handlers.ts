import { type RunContext, runGeneration } from '@loqui/core/generations/run'
import type { jobs } from '@loqui/core/jobs'
import type { JobDefinition } from '@loqui/db/queue'

/** One handler for every job there is: a job without one does not compile. */
export type Handlers = {
  readonly [Name in keyof typeof jobs]: (typeof jobs)[Name] extends JobDefinition<infer Data>
    ? (context: RunContext, data: Data, signal: AbortSignal) => Promise<void>
    : never
}

export const handlers = { runGeneration } satisfies Handlers
