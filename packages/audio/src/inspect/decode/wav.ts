import { type Bytes, pieces } from '../descriptor.ts'
import { InspectionRefusal } from '../refusal.ts'
import { type Block, checkShape, type Sound } from '../sound.ts'
import { bytesOf, planesOf } from './pcm.ts'

interface Format {
  readonly codec: string
  readonly channels: number
  readonly sampleRate: number
  /** Bytes of one sample of every channel. */
  readonly block: number
}

const mostChunks = 1000
const pieceFrames = 16_384

/** Opens RIFF and RF64 files of integer and float PCM, A-law and μ-law. */
export function openWav(bytes: Bytes): Sound {
  const view = (position: number, length: number) => new DataView(bytes.read(position, length).buffer)
  const riffLength = view(0, 12).getUint32(4, true)
  if (!isUnknown(riffLength) && bytes.size - riffLength - 8 > Math.max(65_536, bytes.size / 20)) {
    const claim = `The file says that it is ${riffLength + 8} bytes long`
    throw new InspectionRefusal('audio_mislabeled', `${claim}, and has ${bytes.size} bytes.`)
  }

  let format: Format | undefined
  let longLength: number | undefined
  let position = 12
  for (let chunk = 0; chunk < mostChunks && position + 8 <= bytes.size; chunk++) {
    const id = Buffer.from(bytes.read(position, 4)).toString('latin1')
    const length = view(position + 4, 4).getUint32(0, true)
    position += 8
    if (id === 'fmt ') format = readFormat(view(position, Math.min(length, 40)))
    else if (id === 'ds64' && bytes.size >= position + 16)
      longLength = Number(view(position + 8, 8).getBigUint64(0, true))
    else if (id === 'data') {
      if (!format) break
      return open(bytes, format, position, isUnknown(length) ? longLength : length)
    }
    position += length + (length % 2)
  }
  throw new InspectionRefusal('audio_undecodable', `The WAV file has no ${format ? 'sound' : 'format'} in it.`)
}

function open(bytes: Bytes, format: Format, start: number, length: number | undefined): Sound {
  const { codec, channels, sampleRate, block } = format
  const end = Math.min(bytes.size, start + (length ?? Infinity))
  return {
    container: 'wav',
    codec,
    sampleRate,
    channels,
    claimedSeconds: length === undefined ? null : length / block / sampleRate,
    blocks: (async function* (): AsyncGenerator<Block> {
      for (const piece of pieces(bytes, start, end, block * pieceFrames)) yield planesOf(piece, codec, channels)
    })(),
  }
}

/** Lengths that writers leave in a header which they could not go back to. */
function isUnknown(length: number): boolean {
  return length === 0 || length === 0xffffffff || (length >= 0x7ffff000 && length <= 0x7fffffff)
}

function readFormat(view: DataView): Format {
  if (view.byteLength < 16) throw new InspectionRefusal('audio_undecodable', 'The WAV file has half a header.')
  const tag = view.getUint16(0, true)
  const channels = view.getUint16(2, true)
  const sampleRate = view.getUint32(4, true)
  const byteRate = view.getUint32(8, true)
  const block = view.getUint16(12, true)
  const bits = view.getUint16(14, true)
  // In the extensible format the real tag is the first half of a GUID.
  const kind = tag === 0xfffe && view.byteLength >= 26 ? view.getUint16(24, true) : tag
  const codec = codecOf(kind, bits)
  if (!codec) {
    throw new InspectionRefusal(
      'audio_unsupported',
      `The WAV file is of format ${kind} with ${bits} bits; give PCM with 8, 16, 24 or 32 bits.`,
    )
  }
  checkShape(sampleRate, channels)
  if (block !== channels * bytesOf(codec) || (byteRate !== 0 && byteRate !== sampleRate * block)) {
    throw new InspectionRefusal(
      'audio_mislabeled',
      `The WAV file contradicts itself: ${channels} channels of ${bits} bits at ${sampleRate} Hz are not ${byteRate} bytes a second in blocks of ${block}.`,
    )
  }
  return { codec, channels, sampleRate, block }
}

function codecOf(kind: number, bits: number): string | undefined {
  if (kind === 1) return { 8: 'pcm-u8', 16: 'pcm-s16', 24: 'pcm-s24', 32: 'pcm-s32' }[bits]
  if (kind === 3) return { 32: 'pcm-f32', 64: 'pcm-f64' }[bits]
  if (kind === 6) return 'alaw'
  if (kind === 7) return 'ulaw'
  return undefined
}
