import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'

export interface Env {
  readonly databaseUrl: string
  readonly storageUrl: string
  /** Segments in flight. */
  readonly concurrency: number
  readonly logLevel: string
}

const schema = z.object({
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: 'must be a URL such as postgres://user:password@localhost:5432/loqui',
  }),
  LOQUI_DATA_DIR: z.string().min(1).default('.loqui'),
  STORAGE_URL: z.string().min(1).optional(),
  WORKER_CONCURRENCY: z.coerce.number('must be a number').int().min(1).max(1_000).default(16),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
})

/** The environment of this process, or its end with a sentence for each variable that is wrong. */
export function envOrExit(): Env {
  try {
    return readEnv(process.env)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}

/**
 * Reads the environment once; nothing else in this app does.
 *
 * @throws {Error} a sentence for each variable that is wrong.
 */
export function readEnv(environment: NodeJS.ProcessEnv): Env {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('\n'))
  }
  const values = parsed.data
  return {
    databaseUrl: values.DATABASE_URL,
    storageUrl: values.STORAGE_URL ?? pathToFileURL(path.resolve(values.LOQUI_DATA_DIR, 'audio')).href,
    concurrency: values.WORKER_CONCURRENCY,
    logLevel: values.LOG_LEVEL,
  }
}
