import type { TagTexts } from '../tags.ts'
import { concat } from './encoder.ts'

const utf8 = 3

/**
 * An ID3v2.4 tag. Text in UTF-8 has no byte that a player could take for the beginning of a frame of audio, so nothing has
 * to be escaped.
 */
export function id3({ title, voice, comment, maker }: TagTexts): Uint8Array<ArrayBuffer> {
  const frames = concat([text('TIT2', title), text('TPE1', voice), note(comment), text('TSSE', maker)])
  const version = 4
  return concat([ascii('ID3'), Uint8Array.of(version, 0, 0), size(frames.length), frames])
}

function text(id: string, value: string | undefined): Uint8Array {
  return value === undefined
    ? new Uint8Array()
    : frame(id, concat([Uint8Array.of(utf8), new TextEncoder().encode(value)]))
}

function note(value: string): Uint8Array {
  const noDescription = Uint8Array.of(0)
  return frame('COMM', concat([Uint8Array.of(utf8), ascii('eng'), noDescription, new TextEncoder().encode(value)]))
}

function frame(id: string, content: Uint8Array): Uint8Array {
  const noFlags = Uint8Array.of(0, 0)
  return concat([ascii(id), size(content.length), noFlags, content])
}

/** Four times seven bits. */
const size = (value: number) =>
  Uint8Array.of((value >>> 21) & 127, (value >>> 14) & 127, (value >>> 7) & 127, value & 127)

const ascii = (word: string) => Uint8Array.from(word, (letter) => letter.charCodeAt(0))
