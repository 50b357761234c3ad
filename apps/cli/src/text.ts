import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { UsageError } from './failure.ts'

/**
 * The text that is meant: the arguments, a file, or standard input.
 *
 * @param file `-` for standard input.
 * @throws {UsageError} when there is none, or it is no text.
 */
export async function readText(words: readonly string[], file: string | undefined): Promise<string> {
  if (words.length > 0 && file !== undefined) throw new UsageError('Give a text or --file, not both.')
  if (words.length > 0) return words.join(' ')
  if (file !== undefined && file !== '-') return decode(await readFile(file), file)
  if (process.stdin.isTTY) throw new UsageError('Give a text, --file, or pipe one in.')
  return decode(await buffer(process.stdin), 'Standard input')
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new UsageError(`${file} is no text in UTF-8.`, { cause })
  }
}
