import type { Block } from '../sound.ts'

type ReadSample = (view: DataView, offset: number) => number

/** Uncompressed samples: how many bytes each has, and how it is read as a fraction of full scale. */
const encodings: Readonly<Record<string, { readonly bytes: number; readonly read: ReadSample }>> = {
  'pcm-u8': { bytes: 1, read: (view, at) => Math.max(-1, (view.getUint8(at) - 128) / 127) },
  'pcm-s16': { bytes: 2, read: (view, at) => view.getInt16(at, true) / 0x8000 },
  'pcm-s24': { bytes: 3, read: (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 0x10000) / 0x800000 },
  'pcm-s32': { bytes: 4, read: (view, at) => view.getInt32(at, true) / 0x80000000 },
  'pcm-f32': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  'pcm-f64': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  ulaw: { bytes: 1, read: (view, at) => fromUlaw(view.getUint8(at)) },
  alaw: { bytes: 1, read: (view, at) => fromAlaw(view.getUint8(at)) },
}

/** How many bytes a sample of one channel has. @throws Error when `codec` is not PCM */
export function bytesOf(codec: string): number {
  return encodingOf(codec).bytes
}

/** Splits interleaved samples into channels; what is left of a sample that is cut off is dropped. */
export function planesOf(raw: Uint8Array, codec: string, channels: number): Block {
  const { bytes, read } = encodingOf(codec)
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const length = Math.floor(raw.length / (bytes * channels))
  const planes = Array.from({ length: channels }, () => new Float32Array(length))
  for (const [channel, plane] of planes.entries()) {
    for (let i = 0, at = channel * bytes; i < length; i++, at += bytes * channels) plane[i] = read(view, at)
  }
  return planes
}

function encodingOf(codec: string) {
  const encoding = encodings[codec]
  if (!encoding) throw new Error(`${codec} is not PCM`)
  return encoding
}

// ITU-T G.711.
function fromUlaw(code: number): number {
  const inverted = ~code & 0xff
  const magnitude = (((inverted & 15) << 3) + 0x84) << ((inverted >> 4) & 7)
  return ((inverted & 0x80 ? -1 : 1) * (magnitude - 0x84)) / 0x8000
}

function fromAlaw(code: number): number {
  const toggled = code ^ 0x55
  const exponent = (toggled >> 4) & 7
  const mantissa = ((toggled & 15) << 4) + 8
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1)
  return ((toggled & 0x80 ? 1 : -1) * magnitude) / 0x8000
}
