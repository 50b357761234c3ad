/** What differs between the versions of MPEG audio, of which each has rates of its own. */
interface Version {
  /** The first two bytes of a frame's header: Layer III of this version, without checksum. */
  readonly sync: number
  /** Sampling rates in hertz, and bit rates in kbit/s from the second on, by their index in a header. */
  readonly sampleRates: readonly number[]
  readonly bitRates: readonly number[]
  readonly frameSamples: number
  /** Of one channel. */
  readonly sideInformationBytes: number
}

// The tables of ISO 11172-3 and 13818-3, and of Fraunhofer's extension to the lowest rates.
const lowBitRates = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
const versions: readonly Version[] = [
  {
    sync: 0xfffb,
    sampleRates: [44_100, 48_000, 32_000],
    bitRates: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    frameSamples: 1152,
    sideInformationBytes: 17,
  },
  {
    sync: 0xfff3,
    sampleRates: [22_050, 24_000, 16_000],
    bitRates: lowBitRates,
    frameSamples: 576,
    sideInformationBytes: 9,
  },
  {
    sync: 0xffe3,
    sampleRates: [11_025, 12_000, 8000],
    bitRates: lowBitRates,
    frameSamples: 576,
    sideInformationBytes: 9,
  },
]
const monoOriginal = 0xc4
const headerBytes = 4

const hasFrames = 1
const hasBytes = 2
const hasSeekPoints = 4
const hasQuality = 8
const seekPoints = 100
const constantBitrate = 1
/** What follows the side information: the Info tag and LAME's extension of it. */
const tagBytes = 120 + 36

/** What LAME delays the audio by; decoders add the 529 of their own. */
const encoderDelay = 576
/** What LAME's last frame has to have behind the audio at least, so that decoders give all of it. */
const leastPadding = 576

/**
 * The "Info" frame with LAME's extension, as LAME writes it into the place it left free at the beginning. Here it is known
 * before the first sample, because a constant bit rate lets every frame's length be foreseen.
 *
 * @param samples number of samples that will be encoded; `null`: then it says only what to cut off at the beginning
 * @param sampleRate in hertz
 * @param bitRate in kbit/s
 */
export function infoFrame(samples: number | null, sampleRate: number, bitRate: number): Uint8Array<ArrayBuffer> {
  const version = versions.find(({ sampleRates }) => sampleRates.includes(sampleRate))
  if (!version) throw new RangeError(`MP3 has no ${sampleRate} Hz`)
  const { frameSamples, sideInformationBytes, bitRates } = version
  const frameBytes = (kilobits: number) => Math.floor(((frameSamples / 8) * kilobits * 1000) / sampleRate)
  const used = headerBytes + sideInformationBytes + tagBytes
  // A frame of a low bit rate is too short for it, and every frame may have a bit rate of its own.
  const ownBitRate = bitRates.find((kilobits) => kilobits >= bitRate && frameBytes(kilobits) >= used)
  if (ownBitRate === undefined) throw new RangeError(`MP3 at ${sampleRate} Hz has no ${bitRate} kbit/s`)

  const frames = samples === null ? null : Math.ceil((encoderDelay + samples + leastPadding) / frameSamples)
  const padding = samples === null || frames === null ? 0 : frames * frameSamples - encoderDelay - samples
  const totalBytes =
    frames === null
      ? 0
      : frameBytes(ownBitRate) + frames * frameBytes(bitRate) + longerFrames(frames, version, sampleRate, bitRate)

  const frame = new DataView(new ArrayBuffer(frameBytes(ownBitRate)))
  frame.setUint16(0, version.sync)
  frame.setUint8(2, ((bitRates.indexOf(ownBitRate) + 1) << 4) | (version.sampleRates.indexOf(sampleRate) << 2))
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
  integer(4, frames === null ? hasQuality : hasFrames | hasBytes | hasSeekPoints | hasQuality)
  if (frames !== null) {
    integer(4, frames)
    integer(4, totalBytes)
    for (let point = 0; point < seekPoints; point++) integer(1, Math.floor((point * 256) / seekPoints))
  }
  // 100 less ten times that of a variable bit rate, which is 4 where nobody asks, less LAME's quality.
  const quality = 55
  integer(4, quality)

  text('LAME3.99r')
  integer(1, constantBitrate)
  const lowPassUnknown = 0
  integer(1, lowPassUnknown)
  const replayGainUnknown = 0
  integer(4, replayGainUnknown)
  integer(4, replayGainUnknown)
  const athType4 = 4
  integer(1, athType4)
  const largestNamed = 255
  integer(1, Math.min(bitRate, largestNamed))
  integer(3, (encoderDelay << 12) | padding)
  integer(1, sourceRate(sampleRate) << 6)
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

/**
 * How many of the frames are a byte longer than the others, because a frame of this bit rate has no whole number of bytes:
 * LAME lengthens one when what was cut off of those before it adds up to a byte, beginning with the second.
 */
function longerFrames(frames: number, { frameSamples }: Version, sampleRate: number, bitRate: number): number {
  const cutOff = ((frameSamples / 8) * bitRate * 1000) % sampleRate
  return Math.ceil(((frames - 1) * cutOff) / sampleRate)
}

/** As LAME's extension counts the rates of sources: up to 32 kHz, 44.1 kHz, 48 kHz. */
const sourceRate = (sampleRate: number) => (sampleRate <= 32_000 ? 0 : sampleRate <= 44_100 ? 1 : 2)

/** CRC-16 of polynomial 8005, reflected, as LAME takes it over all of the frame that precedes it. */
function checksum(bytes: Uint8Array): number {
  let remainder = 0
  for (const byte of bytes) {
    remainder ^= byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xa001 : remainder >>> 1
  }
  return remainder
}
