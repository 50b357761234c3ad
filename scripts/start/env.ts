import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StartError } from '@loqui/db/embedded-error'
import { z } from 'zod'
import { root } from './root.ts'

export interface Env {
  readonly mode: 'development' | 'production' | 'test'
  readonly http: {
    readonly host: string
    /** 0 for any free one. */
    readonly port: number
    /** Where a person's browser finds us; by default localhost with the port. */
    readonly publicUrl: string | undefined
  }
  /** Absolute. */
  readonly dataDirectory: string
  /** By default the embedded PostgreSQL's. */
  readonly databaseUrl: string | undefined
  readonly storageUrl: string
  /** By default one that is made and kept in the data directory, in development only. */
  readonly secretKey: string | undefined
}

/** What people put into a file to be replaced later, and forget. */
const KNOWN_SECRETS =
  /^(.)\1*$|change.?me|changeit|replace.?me|insecure|example|default|your.?secret|^(development|secret|password)/i

const schema = z.object({
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'must be development, production or test')
    .default('development'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a number from 0 to 65535')
    .transform(Number)
    .refine((port) => port <= 65_535, 'must be a number from 0 to 65535')
    .default(3000),
  HOST: z.string().optional(),
  PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'must be an address such as https://voice.example.org' }).optional(),
  LOQUI_DATA_DIR: z.string().default('.loqui'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be an address such as postgres://user:password@host:5432/loqui' })
    .optional(),
  STORAGE_URL: z.string().optional(),
  SECRET_KEY: z.string().optional(),
})

/**
 * Reads `.env`, where variables that are set already win, and parses what the start itself needs. The server and the
 * worker parse theirs.
 *
 * @throws {StartError} naming each variable that is wrong, and never a value, which may be a secret.
 */
export function loadEnv(): Env {
  const file = join(root, '.env')
  if (existsSync(file)) process.loadEnvFile(file)
  return parseEnv(process.env)
}

export function parseEnv(variables: NodeJS.ProcessEnv): Env {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const result = schema.safeParse(given)
  if (!result.success) {
    throw new StartError(result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}.`).join('\n'))
  }
  const { NODE_ENV, PORT, HOST, PUBLIC_URL, LOQUI_DATA_DIR, DATABASE_URL, STORAGE_URL, SECRET_KEY } = result.data
  const production = NODE_ENV === 'production'
  if (production) requireSecret(SECRET_KEY)
  const dataDirectory = resolve(root, LOQUI_DATA_DIR)
  return {
    mode: NODE_ENV,
    http: { host: HOST ?? (production ? '0.0.0.0' : '127.0.0.1'), port: PORT, publicUrl: PUBLIC_URL },
    dataDirectory,
    databaseUrl: DATABASE_URL,
    storageUrl: STORAGE_URL ?? pathToFileURL(join(dataDirectory, 'audio')).href,
    secretKey: SECRET_KEY,
  }
}

function requireSecret(secret: string | undefined): void {
  const advice = 'make one with "openssl rand -base64 32" and keep it, since links and tokens are signed with it'
  if (secret === undefined) throw new StartError(`SECRET_KEY must be set in production: ${advice}.`)
  if (secret.length < 32 || KNOWN_SECRETS.test(secret)) {
    throw new StartError(`SECRET_KEY must be at least 32 random characters in production, and no example: ${advice}.`)
  }
}
