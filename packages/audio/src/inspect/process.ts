import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readSync, realpathSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Inspection } from './inspector.ts'
import { limits } from './limits.ts'
import { readAnswer } from './read-answer.ts'
import { InspectionRefusal } from './refusal.ts'
import { mayBeAac } from './sniff.ts'
import { type End, ended, spawnLimited } from './spawn-limited.ts'

export interface ProcessOptions {
  /** Where an ffmpeg is, `null` for none. */
  readonly ffmpeg: string | null
  readonly wallMs: number
  readonly signal: AbortSignal
}

/**
 * Inspects a file in a process of its own, which has nothing but the file's descriptor and the code: no environment, no
 * network, no other file. It is over when this returns or throws, and so is the ffmpeg that it may have needed.
 *
 * @throws InspectionRefusal, also when the process broke, hung or talked nonsense; the signal's reason when aborted
 */
export async function inspectInProcess(file: FileHandle, options: ProcessOptions): Promise<Inspection> {
  const { signal, wallMs } = options
  signal.throwIfAborted()
  const ffmpeg = mayNeedFfmpeg(file) ? options.ffmpeg : null
  const pipe = ffmpeg === null ? 'ignore' : 'pipe'
  const told = [options.ffmpeg === null ? [] : ['aac'], ffmpeg === null ? [] : ['pipes']].flat()
  const child = spawnLimited(
    process.execPath,
    [...nodeFlags(), entry, String(wallMs), ...told],
    { cpuSeconds: limits.cpuSeconds, bytes: limits.memoryBytes + limits.reservedBytes },
    [file.fd, 'pipe', 'ignore', pipe, pipe],
  )
  const exit = ended(child)
  const decoder = ffmpeg === null ? undefined : handOver(child, ffmpeg)

  const deadline = AbortSignal.any([signal, AbortSignal.timeout(wallMs)])
  const kill = () => {
    child.kill('SIGKILL')
    decoder?.process.kill('SIGKILL')
  }
  deadline.addEventListener('abort', kill, { once: true })
  const [text] = await Promise.all([readAll(child), exit])
  deadline.removeEventListener('abort', kill)
  decoder?.process.kill('SIGKILL')
  await decoder?.exit

  signal.throwIfAborted()
  if (deadline.aborted) {
    throw new InspectionRefusal('audio_too_complex', `The file takes more than ${wallMs / 1000} s to inspect.`)
  }
  const end = await exit
  if (end.killedBy) throw tooMuch(end.killedBy)
  if (end.code !== 0) {
    throw new Error(`The process to inspect a file in did not work: code ${end.code}`, { cause: end.error })
  }
  if (decoder && !hasBegun(await decoder.exit)) {
    const message = 'The file may be AAC, which this machine cannot decode; give wav, mp3, flac, ogg or webm.'
    throw new InspectionRefusal('audio_unsupported', message, { cause: new Error(`${ffmpeg} cannot be run`) })
  }
  try {
    return readAnswer(text)
  } catch (cause) {
    if (cause instanceof InspectionRefusal) throw cause
    throw new InspectionRefusal('audio_undecodable', 'The file cannot be decoded.', { cause })
  }
}

const entry = fileURLToPath(new URL('./inspection.child.ts', import.meta.url))

/** Whether there was a program: else the system says so, or the shell. */
function hasBegun({ error, code }: End): boolean {
  return error === undefined && code !== 126 && code !== 127
}

/** A process that was killed before it answered ran into one of its limits, or was ended by somebody who found it too large. */
function tooMuch(end: string): InspectionRefusal {
  return new InspectionRefusal('audio_too_complex', 'The file needs more time or memory than there is for it.', {
    cause: new Error(`The process that inspected the file ended with ${end}`),
  })
}

function mayNeedFfmpeg({ fd }: FileHandle): boolean {
  return mayBeAac((position, length) => {
    const bytes = new Uint8Array(length)
    return bytes.subarray(0, readSync(fd, bytes, 0, length, position))
  })
}

/** Starts ffmpeg between the two pipes of the process, so that what it decodes does not pass through this one. */
function handOver(child: ChildProcess, path: string): { readonly process: ChildProcess; readonly exit: Promise<End> } {
  // Where it never began for want of file descriptors, it has none of these.
  const [, , , frames, samples] = child.pid === undefined ? [] : child.stdio
  const args = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'pipe', '-threads', '1']
  const input = ['-f', 'aac', '-i', 'pipe:0', '-map', '0:a:0', '-vn', '-sn', '-dn']
  const output = ['-fflags', '+bitexact', '-c:a', 'pcm_f32le', '-f', 'wav', 'pipe:1']
  const decoder = spawnLimited(
    path,
    [...args, ...input, ...output],
    { cpuSeconds: limits.cpuSeconds, bytes: limits.memoryBytes },
    [frames, samples, 'ignore'],
  )
  frames?.destroy()
  samples?.destroy()
  return { process: decoder, exit: ended(decoder) }
}

/** The heap's size, and where this Node has them, the walls around what a process may do. */
function nodeFlags(): string[] {
  const heap = [`--max-old-space-size=${limits.heapBytes / 2 ** 20}`, '--max-semi-space-size=8']
  if (!process.allowedNodeEnvironmentFlags.has('--permission')) return heap
  return [...heap, '--permission', ...readable.map((folder) => `--allow-fs-read=${folder}`)]
}

/** This package, and the folders that the packages it needs are really in. */
const readable = [
  realpathSync(fileURLToPath(new URL('../../', import.meta.url))),
  ...['mediabunny', '@wasm-audio-decoders/flac'].map((name) => {
    const path = realpathSync(fileURLToPath(import.meta.resolve(name)))
    return path.slice(0, path.indexOf('/node_modules/') + '/node_modules'.length)
  }),
].filter((folder, index, all) => all.indexOf(folder) === index)

/** What a process writes as its answer, cut off where it is longer than any answer. */
async function readAll(child: ChildProcess): Promise<string> {
  const { stdout } = child
  if (!stdout) return ''
  let text = ''
  stdout.setEncoding('latin1')
  stdout.on('data', (part: string) => {
    if (text.length < limits.answerBytes) text += part
  })
  stdout.on('error', () => {})
  await Promise.race([once(stdout, 'close'), once(child, 'error').then(() => {})])
  return text
}
