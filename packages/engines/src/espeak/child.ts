import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import { createFrameReader, type Frame } from './frames.ts'

/** What starts the program, and what it is given. */
export interface SpeakerCommand {
  readonly command: readonly [string, ...string[]]
  /** Where programs are looked for: all it is told of the environment, in which there are secrets. */
  readonly path: string
}

export const helloSchema = z.object({
  protocol: z.literal('speech/1'),
  sampleRate: z.int().min(8_000).max(48_000),
  voices: z
    .array(
      z.object({
        id: z.string().min(1).max(200),
        name: z.string().min(1).max(200),
        gender: z.enum(['female', 'male', 'neutral']),
        language: z.string(),
      }),
    )
    .max(2_000),
})
export type Hello = z.output<typeof helloSchema>

const replySchema = z.union([
  z.object({ id: z.int(), end: z.literal(true), cut: z.boolean().default(false) }),
  z.object({ id: z.int().nullable(), error: z.string() }),
  z.object({ id: z.int() }),
])

export interface Order {
  readonly text: string
  readonly voice: string
  readonly speed: number
  readonly pitch: number
  readonly mostSamples: number
}

export interface Spoken {
  readonly samples: Int16Array
  /** There would have been more than the most. */
  readonly cut: boolean
}

/** A program that speaks, one order at a time. */
export interface Speaker {
  readonly hello: Hello
  readonly alive: boolean
  /**
   * An abort ends the program: what it computes cannot be interrupted otherwise.
   *
   * @throws {SpeakerDied}, {SpeakerRefused}, the signal's reason.
   */
  speak(order: Order, signal: AbortSignal): Promise<Spoken>
  /** Resolves when it has ended. */
  end(): Promise<void>
}

/** It ended, or what it says is not what was agreed; `message` has the last lines of what it complained of. */
export class SpeakerDied extends Error {}
/** It does not speak this order. */
export class SpeakerRefused extends Error {}

/** @throws {SpeakerDied} when it does not come up; the signal's reason. */
export async function startSpeaker({ command, path }: SpeakerCommand, signal: AbortSignal): Promise<Speaker> {
  signal.throwIfAborted()
  const [file, ...args] = command
  const child = spawn(file, args, { stdio: 'pipe', env: { PATH: path } })
  if (child.pid === undefined) {
    // It never began. Where no file descriptors are left it does not even have the streams that are listened to below.
    const [cause] = await once(child, 'error')
    throw new SpeakerDied(`The program ended: ${cause}`, { cause })
  }
  const complaints: string[] = []
  child.stderr.on('data', (piece: Buffer) => {
    complaints.push(piece.toString('utf8', 0, 2_000))
    complaints.splice(0, complaints.length - 5)
  })
  // What is written to a program that has ended goes nowhere: its end says so.
  child.stdin.on('error', () => undefined)

  let take: ((frame: Frame) => void) | undefined
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => undefined)
  let alive = true
  const die = (cause: unknown) => {
    alive = false
    child.kill('SIGKILL')
    ended.reject(new SpeakerDied(`The program ended: ${complaints.join('').trim().slice(-500) || cause}`, { cause }))
  }
  const gone = Promise.withResolvers<void>()
  child.once('error', die)
  child.once('close', (code, by) => {
    die(new Error(`code ${code ?? by}`))
    gone.resolve()
  })
  const read = createFrameReader()
  child.stdout.on('data', (piece: Buffer) => {
    if (!alive) return
    try {
      for (const frame of read(piece)) {
        if (!take) throw new Error('it speaks without being asked')
        take(frame)
      }
    } catch (error) {
      die(error)
    }
  })

  /** Hears frames until one is the last. */
  async function hear<T>(signal: AbortSignal, onFrame: (frame: Frame, done: (result: T) => void) => void): Promise<T> {
    const heard = Promise.withResolvers<T>()
    const onAbort = () => {
      heard.reject(signal.reason)
      die(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    take = (frame) => onFrame(frame, heard.resolve)
    try {
      return await Promise.race([heard.promise, ended.promise])
    } finally {
      take = undefined
      signal.removeEventListener('abort', onAbort)
    }
  }

  const hello = await hear<Hello>(signal, ({ message }, done) => done(helloSchema.parse(message)))
  unreferenced(child)

  let orders = 0
  return {
    hello,
    get alive() {
      return alive
    },
    async speak(order, signal) {
      signal.throwIfAborted()
      const id = ++orders
      const chunks: Int16Array[] = []
      let count = 0
      const spoken = hear<Spoken | SpeakerRefused>(signal, ({ message, samples }, done) => {
        const reply = replySchema.parse(message)
        if (reply.id !== id) throw new Error('it answers what nobody asked')
        count += samples.length
        if (count > order.mostSamples) throw new Error('it says more than it was let')
        chunks.push(samples)
        if ('error' in reply) done(new SpeakerRefused(reply.error))
        else if ('end' in reply) done({ samples: join(chunks, count), cut: reply.cut })
      })
      child.stdin.write(`${JSON.stringify({ id, ...order })}\n`)
      const result = await spoken
      if (result instanceof SpeakerRefused) throw result
      return result
    },
    async end() {
      die(new Error('it was told to'))
      await gone.promise
    },
  }
}

/** One that waits keeps no process alive that is done. */
function unreferenced(child: ChildProcessWithoutNullStreams): void {
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
}

function join(chunks: readonly Int16Array[], count: number): Int16Array {
  const samples = new Int16Array(count)
  let at = 0
  for (const chunk of chunks) {
    samples.set(chunk, at)
    at += chunk.length
  }
  return samples
}
