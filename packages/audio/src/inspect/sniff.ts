import type { Container } from './container.ts'
import type { Bytes } from './descriptor.ts'
import { InspectionRefusal } from './refusal.ts'

/** What the first bytes of a file say that it is. */
export interface Sniffed {
  readonly container: Container
  /** Where it begins, behind tags in front of it. */
  readonly start: number
}

type Other = readonly [name: string, offset: number, magic: string]

/** Files that people take for audio, or that come up by mistake, by their first bytes. */
const others: readonly Other[] = [
  ['AIFF audio', 8, 'AIFF'],
  ['AIFF audio', 8, 'AIFC'],
  ['an AVI video', 8, 'AVI '],
  ['a WebP picture', 8, 'WEBP'],
  ['a MIDI file, which holds notes and no sound', 0, 'MThd'],
  ['CAF audio', 0, 'caff'],
  ['AMR audio', 0, '#!AMR'],
  ['WMA audio', 0, '\x30\x26\xb2\x75\x8e\x66\xcf\x11'],
  ["Monkey's Audio", 0, 'MAC '],
  ['WavPack audio', 0, 'wvpk'],
  ['AU audio', 0, '.snd'],
  ['a PNG picture', 0, '\x89PNG'],
  ['a JPEG picture', 0, '\xff\xd8\xff'],
  ['a GIF picture', 0, 'GIF8'],
  ['a HEIF picture', 4, 'ftypheic'],
  ['a HEIF picture', 4, 'ftypmif1'],
  ['an AVIF picture', 4, 'ftypavif'],
  ['a PDF document', 0, '%PDF'],
  ['a ZIP archive', 0, 'PK\x03\x04'],
  ['a GZIP archive', 0, '\x1f\x8b'],
  ['a RAR archive', 0, 'Rar!'],
  ['a 7z archive', 0, "7z\xbc\xaf'\x1c"],
  ['a program', 0, '\x7fELF'],
  ['a program', 0, 'MZ'],
]

const headLength = 64
const longestPadding = 65_536

/**
 * Tells what a file is by its first bytes.
 *
 * @param accepted what to send instead, for the sentence
 * @throws InspectionRefusal `audio_unsupported`, `audio_undecodable` when it is empty, or `audio_mislabeled` when a tag claims
 * to be longer than the file
 */
export function sniff(bytes: Bytes, accepted: string): Sniffed {
  if (bytes.size === 0) throw new InspectionRefusal('audio_undecodable', 'The file is empty: it has 0 bytes.')
  const start = skipTags(bytes)
  const head = bytes.read(start, headLength)
  const container = others.some((other) => is(head, other)) ? undefined : containerOf(head)
  if (container && (start === 0 || container === 'mp3' || container === 'flac' || container === 'aac')) {
    return { container, start }
  }
  throw new InspectionRefusal('audio_unsupported', `The file is ${describe(head)}; give ${accepted}.`)
}

/** Whether a file may hold AAC, by a glance at its first bytes. */
export function mayBeAac(read: (position: number, length: number) => Uint8Array): boolean {
  const head = read(0, 16)
  const tag = tagLength(head)
  const container = containerOf(tag === 0 ? head : read(tag, 16))
  // Behind a tag there may be more of them, or zeros.
  return container === 'm4a' || container === 'aac' || (tag > 0 && container === undefined)
}

function containerOf(head: Uint8Array): Container | undefined {
  const is = (offset: number, magic: string) => startsWith(head, offset, magic)
  if ((is(0, 'RIFF') || is(0, 'RF64')) && is(8, 'WAVE')) return 'wav'
  if (is(0, 'fLaC')) return 'flac'
  if (is(0, 'OggS')) return 'ogg'
  if (is(0, '\x1a\x45\xdf\xa3')) return 'webm'
  if (is(4, 'ftyp')) return 'm4a'
  return frameOf(head)
}

/** Frames of MPEG audio begin with eleven ones; the bits after them say which layer, and ADTS is where no layer is. */
function frameOf([first = 0, second = 0, third = 0]: Uint8Array): 'mp3' | 'aac' | undefined {
  if (first !== 0xff || (second & 0xe0) !== 0xe0) return undefined
  if ((second & 0xf6) === 0xf0) return (third >> 2) % 16 < 13 ? 'aac' : undefined
  const version = (second >> 3) & 3
  const layer = (second >> 1) & 3
  return version !== 1 && layer === 1 && third >> 4 !== 15 && ((third >> 2) & 3) !== 3 ? 'mp3' : undefined
}

/** ID3v2 tags in front, and the zeros that some writers leave behind them. */
function skipTags(bytes: Bytes): number {
  let start = 0
  for (let length = tagLength(bytes.read(0, 10)); length > 0; length = tagLength(bytes.read(start, 10))) {
    start += length
    if (start > bytes.size) {
      throw new InspectionRefusal(
        'audio_mislabeled',
        `The file says that its tag ends at byte ${start}, and has ${bytes.size} bytes.`,
      )
    }
  }
  if (start === 0) return 0
  const padding = bytes.read(start, longestPadding).findIndex((byte) => byte !== 0)
  return start + Math.max(0, padding)
}

/** Of the ID3v2 tag that begins here, with its header and footer; 0 where none does. */
function tagLength(head: Uint8Array): number {
  if (!startsWith(head, 0, 'ID3') || head.length < 10) return 0
  const lengths = head.subarray(6, 10)
  return 10 + lengths.reduce((sum, byte) => sum * 128 + (byte & 127), 0) + ((head[5] ?? 0) & 0x10 ? 10 : 0)
}

function describe(head: Uint8Array): string {
  const known = others.find((other) => is(head, other))
  if (known) return known[0]
  return head.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13)) && head.some((byte) => byte < 0x80)
    ? 'text'
    : 'no audio that is known here'
}

function is(head: Uint8Array, [, offset, magic]: Other): boolean {
  return startsWith(head, offset, magic)
}

function startsWith(head: Uint8Array, offset: number, magic: string): boolean {
  return head.length >= offset + magic.length && [...magic].every((char, i) => head[offset + i] === char.charCodeAt(0))
}
