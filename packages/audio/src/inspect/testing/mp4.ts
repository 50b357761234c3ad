import { ascii, bigEndian } from './bytes.ts'

/** @param length that it says it has */
export function box(type: string, content: readonly Uint8Array[], length?: number): Buffer<ArrayBuffer> {
  const body = Buffer.concat(content)
  return Buffer.concat([bigEndian(4, length ?? body.length + 8), ascii(type), body])
}

/** What an MP4 of one sound track holds, and what it says of itself. */
export interface Mp4Options {
  readonly packets: readonly Uint8Array[]
  /** That each packet counts as, in samples at 48 kHz. Default: 60 ms */
  readonly packetSamples?: number
  /** Four characters. Default: `Opus` */
  readonly codec?: string
  readonly channels?: number
  readonly says?: {
    /** In samples at 48 kHz. */
    readonly duration?: number
    readonly timeScale?: number
    /** How often the chunk with all packets is to be read. */
    readonly chunks?: number
    readonly sampleCount?: number
    /** Behind the list of edits there is none where none is given. In samples: where the sound begins, and its length. */
    readonly edit?: readonly [from: number, length: number]
  }
}

const fullBox = (type: string, content: readonly Uint8Array[]) => box(type, [Buffer.alloc(4), ...content])
const u32 = (...values: readonly number[]) => Buffer.concat(values.map((value) => bigEndian(4, value)))

export function makeMp4({ packets, packetSamples = 2880, codec = 'Opus', channels = 1, says = {} }: Mp4Options) {
  const chunks = says.chunks ?? 1
  const duration = says.duration ?? packets.length * packetSamples * chunks
  const timeScale = says.timeScale ?? 48_000
  const sampleCount = says.sampleCount ?? packets.length * chunks
  const fileType = box('ftyp', [ascii('M4A \0\0\0\0M4A isomiso2')])
  const data = box('mdat', packets)
  const sample = box(codec, [
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
    Buffer.alloc(8),
    bigEndian(2, channels),
    bigEndian(2, 16),
    Buffer.alloc(4),
    bigEndian(4, 48_000 * 65_536),
    box('dOps', [Buffer.from([0, channels]), bigEndian(2, 312), bigEndian(4, 48_000), Buffer.alloc(3)]),
  ])
  const tables = box('stbl', [
    fullBox('stsd', [u32(1), sample]),
    fullBox('stts', [u32(1, sampleCount, packetSamples)]),
    fullBox('stsc', [u32(1, 1, packets.length, 1)]),
    fullBox('stsz', [
      u32(0, sampleCount, ...Array.from({ length: packets.length * chunks }, (_, n) => lengthOf(packets, n))),
    ]),
    fullBox('stco', [u32(chunks, ...Array.from({ length: chunks }, () => fileType.length + 8))]),
  ])
  const media = box('mdia', [
    fullBox('mdhd', [u32(0, 0, timeScale, duration), Buffer.alloc(4)]),
    fullBox('hdlr', [u32(0), ascii('soun'), Buffer.alloc(13)]),
    box('minf', [fullBox('smhd', [u32(0)]), box('dinf', [fullBox('dref', [u32(1), box('url ', [u32(1)])])]), tables]),
  ])
  const edits = says.edit ? [box('edts', [fullBox('elst', [u32(1, says.edit[1], says.edit[0], 65_536)])])] : []
  const movie = box('moov', [
    fullBox('mvhd', [u32(0, 0, timeScale, duration), Buffer.alloc(80)]),
    box('trak', [fullBox('tkhd', [u32(0, 0, 1, 0, duration), Buffer.alloc(60)]), ...edits, media]),
  ])
  return Buffer.concat([fileType, data, movie])
}

const lengthOf = (packets: readonly Uint8Array[], index: number) => packets[index % packets.length]?.length ?? 0
