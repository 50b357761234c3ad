import { z } from 'zod'

const longest = 200

/**
 * What a person may call a sample. Line breaks and what turns the direction of text have no place in a name that is shown
 * in a list, and become spaces.
 */
export const sampleName = z
  .string()
  .max(4_000, `must be 1 to ${longest} characters long`)
  .transform(toDisplay)
  .pipe(
    z
      .string()
      .min(1, `must be 1 to ${longest} characters long`)
      .max(longest, `must be 1 to ${longest} characters long`),
  )

/** What a sample is called after the file it came as; undefined where that leaves nothing to call it by. */
export function nameOfFile(fileName: string): string | undefined {
  const [last = ''] = fileName.split(/[/\\]/).slice(-1)
  const name = toDisplay(last.replace(/\.[a-z0-9]{1,5}$/i, ''))
  // Code points and not halves of them.
  return /[\p{L}\p{N}]/u.test(name)
    ? [...name].slice(0, longest).join('').slice(0, longest).toWellFormed().trim()
    : undefined
}

/** Controls, line and paragraph separators, and marks and overrides of direction. */
const deceptive = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\ufffd]+/gu

function toDisplay(text: string): string {
  return text.toWellFormed().replaceAll(deceptive, ' ').replaceAll(/\s+/g, ' ').trim()
}
