import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Config, configFile, readConfig } from './config.ts'
import { UsageError } from './failure.ts'

/** Where Loqui is and who asks, before flags. */
export interface Env {
  readonly url: string | undefined
  readonly apiKey: string | undefined
  readonly databaseUrl: string | undefined
  readonly credentials: Credentials | null
  readonly configFile: string
  readonly config: Config
}

/** The part of `credentials.json` that is needed here: what a development installation writes on its first start. */
interface Credentials {
  readonly url: string
  readonly apiKey: string
  readonly databaseUrl: string
}

/**
 * Reads the environment once; nothing else in this app does.
 *
 * @throws {UsageError} for a `credentials.json` that is not whole, or a configuration that is none.
 */
export function readEnv(environment: NodeJS.ProcessEnv = process.env, directory = process.cwd()): Env {
  const file = configFile(environment)
  // A variable set to nothing is one not set.
  return {
    url: environment.LOQUI_URL || undefined,
    apiKey: environment.LOQUI_API_KEY || undefined,
    databaseUrl: environment.DATABASE_URL || undefined,
    credentials: readCredentials(environment.LOQUI_DATA_DIR || undefined, directory),
    configFile: file,
    config: readConfig(file),
  }
}

function readCredentials(dataDirectory: string | undefined, directory: string): Credentials | null {
  const file = dataDirectory === undefined ? findUp(directory) : path.resolve(directory, dataDirectory, fileName)
  if (file === null || !existsSync(file)) return null
  try {
    const { url, apiKey, databaseUrl } = JSON.parse(readFileSync(file, 'utf8'))
    if (![url, apiKey, databaseUrl].every((value) => typeof value === 'string')) throw new Error('a field is missing')
    return { url, apiKey, databaseUrl }
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause })
  }
}

const fileName = 'credentials.json'

/** `.loqui` here or in a directory above, as `npm start` makes it. */
function findUp(directory: string): string | null {
  const file = path.join(directory, '.loqui', fileName)
  if (existsSync(file)) return file
  const parent = path.dirname(directory)
  return parent === directory ? null : findUp(parent)
}
