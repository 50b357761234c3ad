import type { AudioFormat } from '@loqui/sdk'
import { formatOf, freeName } from './audio-file.ts'
import { UsageError } from './failure.ts'

/** Where speech is to go, and in which format. */
export interface Target {
  /** `-` for standard output. */
  readonly file: string
  readonly format: AudioFormat
}

export interface TargetOptions {
  readonly output?: string | undefined
  readonly format?: AudioFormat | undefined
  readonly json?: boolean | undefined
}

/** @throws {UsageError} where audio would garble a terminal, or what a program reads, and for an ending of no format. */
export function chooseTarget({ output, format, json }: TargetOptions): Target {
  if (output !== undefined && output !== '-') return { file: output, format: format ?? formatOf(output) }
  if (output === undefined && process.stdout.isTTY) {
    const chosen = format ?? 'mp3'
    return { file: freeName(chosen), format: chosen }
  }
  if (process.stdout.isTTY) throw new UsageError('Audio would garble this terminal: say -o with a file, or use a pipe.')
  if (json) throw new UsageError('With --json, say -o with a file: standard output cannot hold audio too.')
  // What every player of a pipe understands.
  return { file: '-', format: format ?? 'wav' }
}
