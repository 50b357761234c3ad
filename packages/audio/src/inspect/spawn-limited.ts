import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { platform } from 'node:os'

/** What a process may use up. */
export interface ProcessLimits {
  readonly cpuSeconds: number
  /** Of memory. */
  readonly bytes: number
}

/**
 * Starts a program without environment, in the root directory. On Linux the kernel holds it to its limits, and to writing
 * nothing into any file; a program that is not there ends with code 127 then, and one that cannot be run with 126.
 */
export function spawnLimited(
  program: string,
  args: readonly string[],
  { cpuSeconds, bytes }: ProcessLimits,
  stdio: StdioOptions,
): ChildProcess {
  const options = { stdio, env: {}, cwd: '/' }
  if (platform() !== 'linux') return spawn(program, args, options)
  const limits = `ulimit -c 0 && ulimit -f 0 && ulimit -t ${cpuSeconds} && ulimit -d ${Math.floor(bytes / 1024)}`
  return spawn('/bin/sh', ['-c', `${limits} && exec "$0" "$@"`, program, ...args], options)
}

/** How a process ended. */
export interface End {
  /** Why it never began. */
  readonly error?: Error
  readonly code: number | null
  readonly killedBy: NodeJS.Signals | null
}

/** Waits for the end of a process, or for the news that it never began. */
export async function ended(child: ChildProcess): Promise<End> {
  const { promise, resolve } = Promise.withResolvers<End>()
  child.once('error', (error) => {
    if (child.pid === undefined) resolve({ error, code: null, killedBy: null })
  })
  child.once('exit', (code, killedBy) => resolve({ code, killedBy }))
  return promise
}
