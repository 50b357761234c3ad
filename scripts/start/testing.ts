import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopOrphan } from '@loqui/db/embedded'
import { onTestFinished } from 'vitest'
import { root } from './root.ts'

/** A running `npm start`. */
export interface Started {
  readonly child: ChildProcess
  /** Everything it has printed until now. */
  output(): string
  /** Resolves once it has printed this after what the last call found; rejects when it ends without. */
  printed(pattern: RegExp): Promise<void>
  /** Sends a signal, SIGTERM by default; answers the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Its exit code. */
  readonly ended: Promise<number | null>
}

export const READY = /Loqui is ready/

/** Starts Loqui as `npm start` does, with nothing of our own environment; it is stopped when the test ends. */
export function start(
  env: NodeJS.ProcessEnv,
  [program, ...args]: readonly [string, ...string[]] = [process.execPath, join(root, 'scripts/start.ts')],
): Started {
  const child = spawn(program, args, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    // The channel closes when we are killed, and Loqui ends.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  })
  let output = ''
  let seen = 0
  let over = false
  const changed = new EventTarget()
  const change = (): void => void changed.dispatchEvent(new Event('change'))
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      change()
    })
  }
  const ended = once(child, 'close').then(([code]: (number | null)[]) => {
    over = true
    change()
    return code ?? null
  })
  const stop = (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal)
    return ended
  }
  onTestFinished(async () => void (await stop()))
  return {
    child,
    output: () => output,
    async printed(pattern) {
      for (;;) {
        const found = pattern.exec(output.slice(seen))
        if (found) {
          seen += found.index + found[0].length
          return
        }
        if (over) throw new Error(`It ended without printing ${pattern}:\n${output}`)
        await once(changed, 'change')
      }
    },
    stop,
    ended,
  }
}

/** A data directory that does not exist yet, removed when the test ends, with what a killed start left running on it. */
export async function dataDirectory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'loqui-start-'))
  onTestFinished(async () => {
    await stopOrphan(join(parent, 'data/postgres'))
    await rm(parent, { recursive: true, force: true })
  })
  return join(parent, 'data')
}
