import { type CommonEnv, commonVariables, parseVariables, toCommonEnv } from '@loqui/process/env'
import { z } from 'zod'

export interface Env extends CommonEnv {
  /** Segments in flight. */
  readonly concurrency: number
}

const schema = z.object({
  ...commonVariables,
  WORKER_CONCURRENCY: z.coerce.number('must be a number').int().min(1).max(1_000).default(16),
})

/** @throws {EnvError} */
export function readEnv(variables: NodeJS.ProcessEnv): Env {
  const values = parseVariables(schema, variables)
  return { ...toCommonEnv(values), concurrency: values.WORKER_CONCURRENCY }
}
