import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'

export interface Env {
  readonly production: boolean
  readonly port: number
  readonly host: string
  readonly publicUrl: URL
  /** Origins whose pages may call: the public one first. */
  readonly origins: readonly string[]
  readonly databaseUrl: string
  readonly storageUrl: string
  readonly logLevel: string
}

const url = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, error: `must be a URL such as ${example}` })

const schema = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  PORT: z.coerce.number('must be a port number').int().min(0).max(65_535).default(3000),
  HOST: z.string().min(1).optional(),
  PUBLIC_URL: url(/^https?$/, 'https://voice.example.com').optional(),
  ALLOWED_ORIGINS: z.string().default(''),
  DATABASE_URL: url(/^postgres(ql)?$/, 'postgres://user:password@localhost:5432/loqui'),
  LOQUI_DATA_DIR: z.string().min(1).default('.loqui'),
  STORAGE_URL: z.string().min(1).optional(),
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
  // A variable set to nothing is one not set: that is what `PORT= npm start` means.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('\n'))
  }
  const values = parsed.data
  const production = values.NODE_ENV === 'production'
  const publicUrl = new URL(values.PUBLIC_URL ?? `http://localhost:${values.PORT}`)
  return {
    production,
    port: values.PORT,
    host: values.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    publicUrl,
    origins: readOrigins(publicUrl, values.ALLOWED_ORIGINS, production),
    databaseUrl: values.DATABASE_URL,
    storageUrl: values.STORAGE_URL ?? pathToFileURL(path.resolve(values.LOQUI_DATA_DIR, 'audio')).href,
    logLevel: values.LOG_LEVEL,
  }
}

function readOrigins(publicUrl: URL, allowed: string, production: boolean): string[] {
  const origins = [publicUrl.origin]
  for (const entry of allowed.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const origin = URL.canParse(entry) ? new URL(entry).origin : 'null'
    if (origin === 'null')
      throw new Error(`ALLOWED_ORIGINS must be origins such as https://app.example.com, not “${entry}”`)
    origins.push(origin)
  }
  // In development people type either name of their own machine.
  if (!production && publicUrl.hostname === 'localhost')
    origins.push(publicUrl.origin.replace('localhost', '127.0.0.1'))
  return origins
}
