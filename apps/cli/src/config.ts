import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { UsageError } from './failure.ts'

/** What a person keeps of how they use Loqui, on this machine. */
export interface Config {
  readonly url?: string
  readonly apiKey?: string
  /** The voice that speaks when none is named. */
  readonly voice?: string
}

export const configNames = ['url', 'apiKey', 'voice'] as const satisfies readonly (keyof Config)[]

/** `LOQUI_CONFIG`, or `loqui/config.json` where the XDG rules have configuration. */
export function configFile(environment: NodeJS.ProcessEnv): string {
  if (environment.LOQUI_CONFIG) return path.resolve(environment.LOQUI_CONFIG)
  const home = environment.XDG_CONFIG_HOME || path.join(environment.HOME || homedir(), '.config')
  return path.join(home, 'loqui', 'config.json')
}

/** @throws {UsageError} for a file that is not what `loqui config` writes. */
export function readConfig(file: string): Config {
  if (!existsSync(file)) return {}
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new Error('it is no object')
    for (const [name, value] of Object.entries(found)) {
      if (!(configNames as readonly string[]).includes(name)) throw new Error(`there is no setting “${name}”`)
      if (typeof value !== 'string') throw new Error(`${name} must be a string`)
    }
    return found
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause })
  }
}

/** Replaces the file in one step; nobody else can read it, since it may hold a key. */
export async function writeConfig(file: string, config: Config): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  const partial = `${file}.part`
  await writeFile(partial, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
  // One that a killed run left keeps the mode it had.
  await chmod(partial, 0o600)
  await rename(partial, file)
}
