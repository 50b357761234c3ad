import { existsSync } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { AudioFormat } from '@loqui/sdk'
import { UsageError } from './failure.ts'

const formatsByEnding: Readonly<Record<string, AudioFormat>> = {
  '.wav': 'wav',
  '.mp3': 'mp3',
  '.opus': 'opus',
  '.ogg': 'opus',
  '.flac': 'flac',
  '.aac': 'aac',
  '.pcm': 'pcm',
  '.raw': 'pcm',
  '.ulaw': 'ulaw',
  '.alaw': 'alaw',
}

export const audioFormats = [...new Set(Object.values(formatsByEnding))]

/** @throws {UsageError} for an ending that is none of a format. */
export function formatOf(file: string): AudioFormat {
  const format = formatsByEnding[path.extname(file).toLowerCase()]
  if (format) return format
  throw new UsageError(
    `${file}: the ending says no format. Use ${Object.keys(formatsByEnding).join(', ')}, or say --format.`,
  )
}

/** `speech.mp3`, or the next number that is free: nothing is overwritten that nobody named. */
export function freeName(format: AudioFormat, directory = process.cwd()): string {
  for (let number = 1; ; number++) {
    const name = `speech${number === 1 ? '' : `-${number}`}.${format}`
    if (!existsSync(path.join(directory, name))) return name
  }
}

/** Where audio goes. It is opened before anything is spoken, so that a wrong path costs nothing. */
export interface AudioSink extends AsyncDisposable {
  write(body: ReadableStream<Uint8Array>): Promise<void>
}

export function standardOutput(): AudioSink {
  return {
    write: (body) => pipeline(Readable.fromWeb(body), process.stdout),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** A file that appears when it is whole, and not at all when something fails. */
export async function openAudioFile(file: string): Promise<AudioSink> {
  // A device or a pipe cannot be replaced by a file.
  const isPlain = await stat(file).then(
    (found) => found.isFile(),
    () => true,
  )
  const partial = isPlain ? `${file}.part` : file
  const handle: FileHandle = await open(partial, 'w')
  let isWhole = false
  return {
    async write(body) {
      await pipeline(Readable.fromWeb(body), handle.createWriteStream())
      if (isPlain) await rename(partial, file)
      isWhole = true
    },
    async [Symbol.asyncDispose]() {
      if (isWhole) return
      await handle.close()
      if (isPlain) await rm(partial, { force: true })
    },
  }
}
