import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process of ours that has said over IPC that it is ready. */
export interface RunningProcess {
  readonly pid: number
  /** Sends a message over IPC and resolves with the next one that comes. @throws when the process ends instead. */
  ask(message: object): Promise<unknown>
  /** Sends a signal that ends it and waits for the end; answers its exit code, `null` where the signal itself ended it. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>
  pause(): void
  resume(): void
}

export interface StartOptions {
  /** Beside what a process needs to run at all: nothing of this machine's configuration may decide what it does. */
  readonly env: NodeJS.ProcessEnv
  /** For Node itself, such as `--import`. */
  readonly execArgv?: readonly string[]
  /** What becomes Node with what it is given, such as a script that limits itself before. Default: Node at once. */
  readonly execPath?: string
  /** Told of every line it writes. */
  readonly onLine?: (line: string) => void
  /** Told of errors in its log, of lines on standard error, and of an end that nobody asked for. */
  readonly onTrouble: (message: string) => void
}

/**
 * Starts a main file of ours, whose log is lines of JSON on standard output, and waits until it is ready.
 *
 * @throws with what it wrote, when it ends before.
 */
export async function startProcess(main: string, options: StartOptions): Promise<RunningProcess> {
  const { env, execArgv = [], execPath = process.execPath, onLine = () => undefined, onTrouble } = options
  const child = fork(main, {
    env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, LOG_LEVEL: 'info', ...env },
    execArgv: [...execArgv],
    execPath,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const last: string[] = []
  follow(child, {
    onTrouble,
    onLine(line) {
      last.push(line)
      if (last.length > 20) last.shift()
      onLine(line)
    },
  })
  let told = false
  const exited = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => {
    if (!told) onTrouble(`died with ${signal ?? `code ${code}`}: ${last.join('\n')}`)
    return typeof code === 'number' ? code : null
  })
  const message = async () => {
    const ended = new AbortController()
    const end = exited.then(() => {
      throw new Error(`${main} ended:\n${last.join('\n')}`)
    })
    try {
      const [value] = await Promise.race([once(child, 'message', { signal: ended.signal }), end])
      return value as unknown
    } finally {
      ended.abort()
    }
  }
  await message()
  const { pid } = child
  if (pid === undefined) throw new Error(`${main} has no process id`)
  return {
    pid,
    ask(question) {
      const answer = message()
      child.send(question)
      return answer
    },
    async end(signal) {
      told = true
      child.kill(signal)
      // One that was paused could not answer.
      child.kill('SIGCONT')
      return exited
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  }
}

const errorLevel = 50

/** Reads the log. Nothing of ours writes to standard error. */
function follow(
  child: ChildProcess,
  { onLine, onTrouble }: { onLine(line: string): void; onTrouble(message: string): void },
): void {
  if (!child.stdout || !child.stderr) throw new Error('the process has no output to read')
  createInterface(child.stdout).on('line', (line) => {
    onLine(line)
    if (JSON.parse(line).level >= errorLevel) onTrouble(line)
  })
  createInterface(child.stderr).on('line', (line) => {
    onLine(line)
    onTrouble(line)
  })
}
