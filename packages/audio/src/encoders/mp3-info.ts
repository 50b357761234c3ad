import { outputSampleRate } from '../format.ts'

// MPEG-2 Layer III without checksum; bit rate and sampling rate by their index in the tables of ISO 13818-3; mono, original.
const mpeg2Layer3 = 0xfff3
const bitrateIndex = new Map([
  [64, 8],
  [80, 9],
  [96, 10],
  [112, 11],
  [128, 12],
])
const sampleRateIndex = 1
const monoOriginal = 0xc4
const headerBytes = 4
const sideInformationBytes = 9
/** Samples in a frame of MPEG-2 Layer III. */
const frameSamples = 576

const hasFrames = 1
const hasBytes = 2
const hasSeekPoints = 4
const hasQuality = 8
const seekPoints = 100
const constantBitrate = 1

/** What LAME delays the audio by; decoders add the 529 of their own. */
const encoderDelay = 576
/** LAME begins with a frame that holds the delay, and ends with one that pushes the last samples through the decoder. */
const extraFrames = 2

/**
 * The "Info" frame with LAME's extension, as LAME writes it into the place it left free at the beginning. Here it is known
 * before the first sample, because a constant bit rate makes every frame as long as the next.
 *
 * @param samples number of samples that will be encoded
 * @param kilobitsPerSecond a bit rate at which a frame has a whole number of bytes
 */
export function infoFrame(samples: number, kilobitsPerSecond: number): Uint8Array<ArrayBuffer> {
  const frameBytes = ((frameSamples / 8) * kilobitsPerSecond * 1000) / outputSampleRate
  const frames = Math.ceil(samples / frameSamples) + extraFrames
  const padding = frames * frameSamples - encoderDelay - samples
  const totalBytes = (1 + frames) * frameBytes

  const frame = new DataView(new ArrayBuffer(frameBytes))
  frame.setUint16(0, mpeg2Layer3)
  frame.setUint8(2, ((bitrateIndex.get(kilobitsPerSecond) as number) << 4) | (sampleRateIndex << 2))
  frame.setUint8(3, monoOriginal)

  let offset = headerBytes + sideInformationBytes
  const text = (word: string) => {
    for (let index = 0; index < word.length; index++) frame.setUint8(offset + index, word.charCodeAt(index))
    offset += word.length
  }
  const integer = (bytes: 1 | 2 | 3 | 4, value: number) => {
    for (let byte = bytes - 1; byte >= 0; byte--) frame.setUint8(offset++, value >>> (8 * byte))
  }

  text('Info')
  integer(4, hasFrames | hasBytes | hasSeekPoints | hasQuality)
  integer(4, frames)
  integer(4, totalBytes)
  for (let point = 0; point < seekPoints; point++) integer(1, Math.floor((point * 256) / seekPoints))
  const quality = 57
  integer(4, quality)

  text('LAME3.100')
  integer(1, constantBitrate)
  const lowPassUnknown = 0
  integer(1, lowPassUnknown)
  const replayGainUnknown = 0
  integer(4, replayGainUnknown)
  integer(4, replayGainUnknown)
  const athType4 = 4
  integer(1, athType4)
  integer(1, kilobitsPerSecond)
  integer(3, (encoderDelay << 12) | padding)
  const sourceUpTo32kHz = 0
  integer(1, sourceUpTo32kHz)
  const gainUnchanged = 0
  integer(1, gainUnchanged)
  const presetUnknown = 0
  integer(2, presetUnknown)
  integer(4, totalBytes)
  const musicChecksumUnknown = 0
  integer(2, musicChecksumUnknown)
  integer(2, checksum(new Uint8Array(frame.buffer, 0, offset)))
  return new Uint8Array(frame.buffer)
}

/** CRC-16 of polynomial 8005, reflected, as LAME takes it over all of the frame that precedes it. */
function checksum(bytes: Uint8Array): number {
  let remainder = 0
  for (const byte of bytes) {
    remainder ^= byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xa001 : remainder >>> 1
  }
  return remainder
}
