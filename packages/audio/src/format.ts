/** Formats that a generation can be delivered in. All are mono. */
export const audioFormats = ['wav', 'mp3', 'opus', 'flac', 'aac', 'pcm', 'ulaw', 'alaw'] as const

export type AudioFormat = (typeof audioFormats)[number]

/** Samples a second that there are formats for, in hertz. */
export const sampleRates = [8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] as const

export type SampleRate = (typeof sampleRates)[number]

/** What the field means by `pcm`, what Chatterbox makes, and all that speech needs. In hertz. */
export const usualSampleRate = 24_000

/** Lowest and highest integrated loudness that speech can be brought to, in LUFS. */
export const loudnessRange = { from: -30, to: -10 } as const

/** What a format takes at one rate. */
export interface RateInfo {
  /** In kbit/s; none where the bit rate follows from the samples. */
  readonly bitRates: readonly number[]
  /** Of these the one it has when none is asked for. */
  readonly usualBitRate: number | null
}

export interface AudioFormatInfo {
  readonly contentType: (sampleRate: number) => string
  /** Of a file, without the dot. */
  readonly extension: string
  /** The rate it has when none is asked for, in hertz. */
  readonly usualSampleRate: SampleRate
  /** Whether a file of it says its own rate. */
  readonly tellsRate: boolean
  readonly rates: Partial<Record<SampleRate, RateInfo>>
}

const samplesAsTheyAre: RateInfo = { bitRates: [], usualBitRate: null }
const anyRate: Record<SampleRate, RateInfo> = {
  8000: samplesAsTheyAre,
  16000: samplesAsTheyAre,
  22050: samplesAsTheyAre,
  24000: samplesAsTheyAre,
  32000: samplesAsTheyAre,
  44100: samplesAsTheyAre,
  48000: samplesAsTheyAre,
}

// MPEG-1 from 32 kHz on, MPEG-2 from 16 kHz, MPEG-2.5 below: their tables of bit rates, as far as LAME's build has them.
const mpeg1 = [32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
const mpeg2 = [16, 24, 32, 40, 48, 64, 80, 96, 112, 128, 160]
const mpeg25 = [16, 24, 32, 40, 48, 64]
// From where speech can be followed to where one channel gains nothing more. RFC 7587 §3.1.1 recommends at most 40 kbit/s for
// fullband speech, and 48 leaves room to spare.
const opus = [12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 160, 192]
// One channel of AAC-LC holds at most 6144 bits in a frame of 1024 samples: six times the rate.
const aac = [32, 48, 64, 80, 96, 128, 160, 192]
const aacUpTo = (most: number) => aac.filter((bitRate) => bitRate <= most)

/**
 * What there is of each format: content type, file ending, and which rates and bit rates it takes.
 *
 * `opus` is Opus in Ogg; `aac` is AAC-LC in ADTS; `pcm` is signed 16-bit little endian; `ulaw` and `alaw` are the bytes of
 * G.711, which telephones speak at 8 kHz. The last three are raw: nothing in them tells their rate.
 */
export const audioFormatInfo: Record<AudioFormat, AudioFormatInfo> = {
  wav: { contentType: () => 'audio/wav', extension: 'wav', usualSampleRate, tellsRate: true, rates: anyRate },
  mp3: {
    contentType: () => 'audio/mpeg',
    extension: 'mp3',
    usualSampleRate,
    tellsRate: true,
    rates: {
      8000: { bitRates: mpeg25, usualBitRate: 32 },
      16000: { bitRates: mpeg2, usualBitRate: 48 },
      22050: { bitRates: mpeg2, usualBitRate: 64 },
      24000: { bitRates: mpeg2, usualBitRate: 64 },
      32000: { bitRates: mpeg1, usualBitRate: 96 },
      44100: { bitRates: mpeg1, usualBitRate: 128 },
      48000: { bitRates: mpeg1, usualBitRate: 128 },
    },
  },
  opus: {
    contentType: () => 'audio/ogg; codecs=opus',
    extension: 'opus',
    usualSampleRate,
    tellsRate: true,
    rates: {
      8000: { bitRates: opus, usualBitRate: 24 },
      16000: { bitRates: opus, usualBitRate: 32 },
      24000: { bitRates: opus, usualBitRate: 48 },
      48000: { bitRates: opus, usualBitRate: 64 },
    },
  },
  flac: { contentType: () => 'audio/flac', extension: 'flac', usualSampleRate, tellsRate: true, rates: anyRate },
  aac: {
    contentType: () => 'audio/aac',
    extension: 'aac',
    usualSampleRate,
    tellsRate: true,
    rates: {
      16000: { bitRates: aacUpTo(96), usualBitRate: 48 },
      22050: { bitRates: aacUpTo(128), usualBitRate: 64 },
      24000: { bitRates: aacUpTo(128), usualBitRate: 64 },
      32000: { bitRates: aacUpTo(192), usualBitRate: 80 },
      44100: { bitRates: aacUpTo(192), usualBitRate: 128 },
      48000: { bitRates: aacUpTo(192), usualBitRate: 128 },
    },
  },
  pcm: {
    contentType: (sampleRate) => `audio/pcm; rate=${sampleRate}; channels=1`,
    extension: 'pcm',
    usualSampleRate,
    tellsRate: false,
    rates: anyRate,
  },
  ulaw: {
    contentType: (sampleRate) => `audio/PCMU; rate=${sampleRate}; channels=1`,
    extension: 'ulaw',
    usualSampleRate: 8000,
    tellsRate: false,
    rates: anyRate,
  },
  alaw: {
    contentType: (sampleRate) => `audio/PCMA; rate=${sampleRate}; channels=1`,
    extension: 'alaw',
    usualSampleRate: 8000,
    tellsRate: false,
    rates: anyRate,
  },
}
