import { constants, renameSync, writeFileSync } from 'node:fs'
import { access, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from '@loqui/db/embedded-error'
import { isRunning } from './process.ts'

/** How long the processes of a killed start may take to end by themselves. */
const REMAINS_MS = 5_000

export interface DataLock extends Disposable {
  /** Keeps the processes that were started, so that the next start can end them should this one be killed. */
  note(children: readonly Running[]): void
}

export interface Running {
  readonly pid: number
  /** What its command line contains, by which it is known even if its number is another's by then. */
  readonly command: string
}

interface Holder extends Running {
  readonly children: readonly Running[]
}

/**
 * Makes the data directory and keeps it to this process. The lock is the operating system's own, which Node reaches
 * through SQLite: it cannot be held twice and does not outlive its process, however that ends.
 *
 * @throws {StartError} when another process has it, naming that.
 */
export async function lockData(directory: string, onLog: (line: string) => void): Promise<DataLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  // SQLite would say less of why it cannot open a file.
  await access(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  const lock = new DatabaseSync(join(directory, 'lock'))
  try {
    lock.exec('pragma journal_mode = memory; begin exclusive')
  } catch (error) {
    lock.close()
    if (Object(error).errcode !== SQLITE_BUSY) throw error
    throw await taken(directory)
  }
  const path = join(directory, 'running.json')
  await endRemains((await readHolder(path))?.children ?? [], onLog)
  const note = (children: readonly Running[]): void => {
    const holder: Holder = { pid: process.pid, command: process.argv[1] ?? '', children }
    try {
      writeFileSync(`${path}.new`, `${JSON.stringify(holder)}\n`, { mode: 0o600 })
      renameSync(`${path}.new`, path)
    } catch (error) {
      // A disk that is full by now is no reason to end what runs.
      onLog(`${path} could not be written: ${error instanceof Error ? error.message : error}`)
    }
  }
  note([])
  return { note, [Symbol.dispose]: () => lock.close() }
}

const SQLITE_BUSY = 5

async function taken(directory: string): Promise<StartError> {
  // Who has just got the lock writes its number next.
  for (let patience = 20; patience > 0; patience--) {
    const holder = await readHolder(join(directory, 'running.json'))
    if (holder && (await isRunning(holder))) {
      return new StartError(
        `Loqui already runs on ${directory}, as process ${holder.pid}: end that one (kill ${holder.pid}), or give this one a LOQUI_DATA_DIR and a PORT of its own.`,
      )
    }
    await delay(50)
  }
  return new StartError(
    `Another process uses ${directory}: end it, or give this one a LOQUI_DATA_DIR and a PORT of its own.`,
  )
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError || Object(error).code === 'ENOENT') return null
    throw error
  }
}

/** The server and the worker of a killed start notice and end; one that does not is killed, before it meets our own. */
async function endRemains(children: readonly Running[], onLog: (line: string) => void): Promise<void> {
  const deadline = Date.now() + REMAINS_MS
  let told = false
  for (;;) {
    const running = []
    for (const child of children) if (await isRunning(child)) running.push(child)
    if (running.length === 0) return
    if (!told) onLog('Waiting for the processes of an earlier start to end')
    told = true
    if (Date.now() > deadline) for (const { pid } of running) kill(pid)
    await delay(50)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (Object(error).code !== 'ESRCH') throw error
  }
}
