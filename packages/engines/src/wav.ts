import { EngineError } from './engine.ts'

/** Decoded to what a `Speech` has: mono, 16 bits. */
export interface Sound {
  readonly samples: Int16Array
  readonly sampleRate: number
}

interface Format {
  readonly float: boolean
  readonly bits: number
  readonly channels: number
  readonly sampleRate: number
}

/**
 * Lengths that a writer leaves in a header which it could not go back to: none, or the most that fits, signed or not, less
 * what stands before.
 */
const isUnknown = (length: number) => length === 0 || length >= 0x7fff0000

/**
 * Decodes a WAV file of 16, 24 or 32 bits or floating point, mono or stereo.
 *
 * @throws {EngineError} `bad_output` for anything else, and for a file that ends before it says.
 */
export function decodeWav(bytes: Uint8Array): Sound {
  const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4))
  if (bytes.length < 12 || word(0) !== 'RIFF' || word(8) !== 'WAVE') throw bad('it is no WAV file')
  let format: Format | undefined
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = file.getUint32(at + 4, true)
    const start = at + 8
    if (word(at) === 'fmt ') format = readFormat(file, start, length)
    if (word(at) === 'data') {
      if (!format) throw bad('it has no format')
      return decode(file, start, isUnknown(length) ? bytes.length - start : length, format)
    }
    at = start + length + (length % 2)
  }
  throw bad('it has no sound')
}

function readFormat(file: DataView, start: number, length: number): Format {
  if (length < 16 || start + length > file.byteLength) throw bad('its header is cut off')
  const tag = file.getUint16(start, true)
  // In the extensible format the real tag is the first half of a GUID.
  const kind = tag === 0xfffe && length >= 26 ? file.getUint16(start + 24, true) : tag
  const channels = file.getUint16(start + 2, true)
  const sampleRate = file.getUint32(start + 4, true)
  const bits = file.getUint16(start + 14, true)
  const known = (kind === 1 && [16, 24, 32].includes(bits)) || (kind === 3 && [32, 64].includes(bits))
  if (!known || channels < 1 || channels > 2 || sampleRate < 8_000 || sampleRate > 48_000) {
    throw bad(`it has ${channels} channels of format ${kind} with ${bits} bits at ${sampleRate} Hz`)
  }
  return { float: kind === 3, bits, channels, sampleRate }
}

function decode(file: DataView, start: number, length: number, format: Format): Sound {
  if (start + length > file.byteLength) throw bad('it ends before it says')
  const { channels, bits, sampleRate } = format
  const width = bits / 8
  const read = reader(file, format)
  const samples = new Int16Array(Math.floor(length / (width * channels)))
  if (samples.length === 0) throw bad('there is no sound in it')
  for (let index = 0; index < samples.length; index++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++) sum += read(start + (index * channels + channel) * width)
    samples[index] = Math.max(-32_768, Math.min(32_767, Math.round(sum / channels)))
  }
  return { samples, sampleRate }
}

/** Reads one sample, in steps of 16 bits. */
function reader(file: DataView, { float, bits }: Format): (at: number) => number {
  // What is no number is no sound.
  if (float && bits === 32) return (at) => (file.getFloat32(at, true) || 0) * 32_768
  if (float) return (at) => (file.getFloat64(at, true) || 0) * 32_768
  if (bits === 16) return (at) => file.getInt16(at, true)
  if (bits === 24) return (at) => file.getInt16(at + 1, true) + file.getUint8(at) / 256
  return (at) => file.getInt32(at, true) / 65_536
}

function bad(what: string): EngineError {
  return new EngineError(`What the engine made cannot be used: ${what}.`, { code: 'bad_output', retryable: true })
}
