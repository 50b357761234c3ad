import { existsSync, rmSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded, stopOrphan } from '@loqui/db/embedded'

const PREFIX = 'loqui-test-'

export interface TemporaryDatabase {
  readonly connectionString: string
  /** Ends the server and removes what it kept. */
  stop(): Promise<void>
}

/**
 * A PostgreSQL that lives as long as this process, at most: whatever ends it, the next one sweeps what is left.
 *
 * @param options.durable `true` makes it wait for the disk as one that is meant to stay.
 */
export async function temporaryDatabase({ durable = false } = {}): Promise<TemporaryDatabase> {
  await sweep()
  const home = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const server = await startEmbedded({ directory: join(home, 'postgres'), durable })
  // Ctrl-C ends a test run without a teardown.
  const abandon = (): void => {
    server.kill()
    removeSync(home)
  }
  process.once('exit', abandon)
  return {
    connectionString: server.connectionString,
    stop: async () => {
      process.off('exit', abandon)
      await server.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Removes a directory in which processes that were told to end still tidy up, without an event loop to wait on. */
function removeSync(path: string): void {
  for (let attempt = 0; existsSync(path) && attempt < 40; attempt++) {
    if (attempt > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    // With `force` it says nothing of what is in use, and leaves it.
    rmSync(path, { recursive: true, force: true })
  }
}

async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1])
    const home = join(tmpdir(), name)
    if (!pid || isAlive(pid) || (await stat(home)).uid !== process.getuid?.()) continue
    await stopOrphan(join(home, 'postgres'))
    await rm(home, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return Object(error).code === 'EPERM'
  }
}
