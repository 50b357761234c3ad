import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, lchown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { StartError } from './embedded-error.ts'
import { explainFile, replaceFile } from './embedded-file.ts'
import { type Identity, newIdentity } from './embedded-identity.ts'
import { explain, programOptions, seenFrom } from './embedded-program.ts'
import { findRuntime, type Runtime } from './embedded-runtime.ts'

export const SUPERUSER = 'loqui'

/** A PostgreSQL data directory, with what it takes to run it. */
export interface Cluster {
  readonly directory: string
  /** PostgreSQL's own directory, inside `directory`. */
  readonly data: string
  readonly identity: Identity
  readonly runtime: Runtime
  readonly access: Access
}

/** What is kept beside the data so that every start answers under the same address. */
export interface Access {
  readonly password: string
  /** The port of the last start; 0 before the first. */
  readonly port: number
}

export interface ClusterOptions {
  readonly durable: boolean
  readonly onLog: (line: string) => void
  readonly signal: AbortSignal | undefined
}

/**
 * Opens the cluster in `directory`, or makes one where there is nothing yet.
 *
 * @throws {StartError} when what lies there is not a whole cluster of our PostgreSQL version, or none can be made.
 */
export async function openCluster(directory: string, options: ClusterOptions): Promise<Cluster> {
  try {
    await sweepHalfMade(directory)
    return (await existing(directory, options)) ?? (await make(directory, options))
  } catch (error) {
    if (error instanceof StartError || options.signal?.aborted) throw error
    throw explainFile(error, directory)
  }
}

async function existing(directory: string, { onLog }: ClusterOptions): Promise<Cluster | null> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (names.length === 0) return null
  const data = join(directory, 'data')
  const version = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => null)
  if (version === null) throw broken(directory, 'data/PG_VERSION is missing')
  const access = await readAccess(directory)
  const identity = await ownerOf(data)
  const runtime = await findRuntime(identity, onLog)
  if (version.trim() !== runtime.major) {
    throw new StartError(
      `The database in ${directory} was made by PostgreSQL ${version.trim()}, and this Loqui brings ${runtime.major}: start it with the Loqui that made it, or move the folder away to begin with an empty database.`,
    )
  }
  return { directory, data, identity, runtime, access }
}

/**
 * Makes a cluster aside and renames it into place, so that a start which died in the middle is as if it never was.
 * The password reaches initdb as an open file: its user may not be able to walk to any path of ours.
 */
async function make(directory: string, options: ClusterOptions): Promise<Cluster> {
  const identity = await newIdentity()
  const runtime = await findRuntime(identity, options.onLog)
  options.onLog('Making a new database …')
  await mkdir(dirname(directory), { recursive: true })
  const aside = await mkdtemp(`${directory}.new-`)
  try {
    const access: Access = { password: randomBytes(24).toString('base64url'), port: 0 }
    const data = join(aside, 'data')
    const passwordFile = join(aside, 'password')
    await mkdir(data, { mode: 0o700 })
    await writeFile(passwordFile, access.password, { mode: 0o600 })
    if (identity.uid !== undefined && identity.gid !== undefined) {
      await chown(data, identity.uid, identity.gid)
      await chown(passwordFile, identity.uid, identity.gid)
    }
    await using password = await open(passwordFile)
    await initdb({ runtime, data, identity, directory }, password.fd, options)
    await rm(passwordFile)
    await writeAccess(aside, access)
    await rm(directory, { recursive: true, force: true })
    await rename(aside, directory)
    return { directory, data: join(directory, 'data'), identity, runtime, access }
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw error
  }
}

function initdb(
  { runtime, data, identity, directory }: Omit<Cluster, 'access'>,
  password: number,
  { durable, signal }: ClusterOptions,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const options = [
    `--pgdata=${seenFrom(data, identity)}`,
    `--username=${SUPERUSER}`,
    '--pwfile=/dev/stdin',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own C.UTF-8 sorts the same on every system, whatever locales and ICU it has.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ]
  const child = spawn(runtime.initdb, options, {
    ...programOptions(data, identity),
    stdio: [password, 'ignore', 'pipe'],
  })
  const stop = (): void => void child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  let output = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.once('error', (cause) => reject(cause))
  child.once('close', (code) => {
    signal?.removeEventListener('abort', stop)
    if (signal?.aborted) reject(signal.reason)
    else if (code === 0) resolve()
    else reject(explain(output, directory, identity))
  })
  return promise
}

/** Remains of starts that died in the middle of making a cluster; one that still changes is left for the next start. */
async function sweepHalfMade(directory: string): Promise<void> {
  const parent = dirname(directory)
  const names = await readdir(parent).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(`${basename(directory)}.new-`))) {
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

/** The user a cluster belongs to keeps running it, whoever starts Loqui; files copied as root get their user back. */
async function ownerOf(data: string): Promise<Identity> {
  if (process.getuid?.() !== 0) return {}
  const { uid, gid } = await stat(data)
  if (uid !== 0) return { uid, gid }
  const identity = await newIdentity()
  await give(data, identity)
  return identity
}

async function give(path: string, { uid, gid }: Identity): Promise<void> {
  if (uid === undefined || gid === undefined) return
  for (const entry of await readdir(path, { recursive: true })) await lchown(join(path, entry), uid, gid)
  await lchown(path, uid, gid)
}

async function readAccess(directory: string): Promise<Access> {
  const path = join(directory, 'access.json')
  try {
    const { password, port } = Object(JSON.parse(await readFile(path, 'utf8')))
    if (typeof password === 'string' && Number.isInteger(port)) return { password, port }
  } catch (error) {
    if (!(error instanceof SyntaxError) && Object(error).code !== 'ENOENT') throw error
  }
  throw broken(directory, 'access.json, which holds the password, is missing or damaged')
}

export function writeAccess(directory: string, access: Access): Promise<void> {
  return replaceFile(join(directory, 'access.json'), `${JSON.stringify(access)}\n`)
}

/** What is said of a folder that holds a database, but not a whole one. */
export function broken(directory: string, what: string): StartError {
  return new StartError(
    `The database in ${directory} is not whole (${what}): restore the folder from a backup, or move it away to begin with an empty database.`,
  )
}
