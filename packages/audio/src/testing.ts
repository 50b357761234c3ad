import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decoder as createAacDecoder } from '@audio/decode-aac'
import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { ALL_FORMATS, AudioSampleSink, BufferSource, EncodedPacketSink, Input, type InputAudioTrack } from 'mediabunny'
import { MPEGDecoder } from 'mpg123-decoder'
import { OpusDecoder } from 'opus-decoder'
import { type AudioFormat, audioFormatInfo, audioFormats } from './format.ts'

/** What decoders that share nothing with the encoders make of a file. */
export interface DecodedAudio {
  /** In hertz. */
  readonly sampleRate: number
  /** 16 bits each, without what the file says to cut off at its ends. */
  readonly samples: Int16Array
  readonly durationMs: number
}

/** Of AAC in ADTS, which is as long as its frames: the last one is filled up, and nothing says from where. */
export const adtsFrameSamples = 1024

/** Formats whose files say or show how long they are to the sample. */
export const exactFormats = audioFormats.filter((format) => format !== 'aac')

/** How much longer than its speech a file may decode to, in milliseconds. */
export const mostSurplusMs = (
  format: AudioFormat,
  sampleRate: number = audioFormatInfo[format].usualSampleRate,
): number => (format === 'aac' ? (adtsFrameSamples * 1000) / sampleRate : 0)

/**
 * Decodes a whole file, for tests.
 *
 * @param sampleRate of raw formats, which do not say it. Default: their usual one
 * @throws Error when `bytes` is not mono audio of that format
 */
export async function decodeAudio(
  bytes: Uint8Array<ArrayBuffer>,
  format: AudioFormat,
  sampleRate: number = audioFormatInfo[format].usualSampleRate,
): Promise<DecodedAudio> {
  const decoded = await decode(bytes, format, sampleRate)
  return { ...decoded, durationMs: (decoded.samples.length * 1000) / decoded.sampleRate }
}

let ffmpeg: boolean | undefined

/** Whether this machine has an `ffmpeg` to ask for a second opinion. */
export function hasFfmpeg(): boolean {
  ffmpeg ??= spawnSync('ffmpeg', ['-version']).status === 0
  return ffmpeg
}

/**
 * What `ffmpeg` makes of a file: 16-bit mono samples, at the file's own rate.
 *
 * @param input options that stand before the file, for formats that do not say what they are
 */
export function ffmpegSamples(bytes: Uint8Array, ...input: readonly string[]): Int16Array {
  return withFile(bytes, (file) => {
    const { status, stdout, stderr } = spawnSync(
      'ffmpeg',
      ['-v', 'error', ...input, '-i', file, '-f', 's16le', '-ac', '1', 'pipe:1'],
      { maxBuffer: 2 ** 28 },
    )
    if (status !== 0) throw new Error(`ffmpeg does not decode it: ${stderr}`)
    return new Int16Array(Uint8Array.from(stdout).buffer)
  })
}

/** What `ffprobe`, which comes with it, reads a file to say of itself, by names in lower case. */
export function ffmpegTags(bytes: Uint8Array): Record<string, string> {
  return withFile(bytes, (file) => {
    const entries = ['-show_entries', 'format_tags:stream_tags', '-of', 'json']
    const { stdout } = spawnSync('ffprobe', ['-v', 'error', ...entries, file], { encoding: 'utf8' })
    const { format, streams }: { format?: Tagged; streams?: Tagged[] } = JSON.parse(stdout)
    const tags = Object.entries({ ...streams?.[0]?.tags, ...format?.tags })
    return Object.fromEntries(tags.map(([name, value]) => [name.toLowerCase(), value]))
  })
}

interface Tagged {
  readonly tags?: Record<string, string>
}

/** Not through a pipe: what cannot be sought in is not read to its end, where an MP3 is cut and a WAV has its tags. */
function withFile<Result>(bytes: Uint8Array, use: (file: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'loqui-test-ffmpeg-'))
  try {
    const file = join(folder, 'audio')
    writeFileSync(file, bytes)
    return use(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A voice-like sound: pulses of a wandering pitch and some noise, shaped by two formants, in syllables. Always the same. */
export function speechLike(sampleRate: number, samples: number, pitch = 120): Int16Array<ArrayBuffer> {
  const output = new Int16Array(samples)
  const formants = [resonance(700, 90, sampleRate), resonance(1800, 140, sampleRate)]
  let random = 1
  let phase = 0
  for (let index = 0; index < samples; index++) {
    const time = index / sampleRate
    random = (random * 48_271) % 2_147_483_647
    const noise = random / 2_147_483_647 - 0.5
    phase += (pitch * (1 + 0.1 * Math.sin(2 * Math.PI * 0.7 * time))) / sampleRate
    const pulse = phase >= 1 ? 1 : 0
    phase -= pulse
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 2 * time)) ** 0.7
    const voiced = formants.reduce((sum, formant) => sum + formant(pulse), 0)
    output[index] = Math.round(4000 * syllable * Math.tanh(voiced + 0.05 * noise))
  }
  return output
}

function resonance(frequency: number, bandwidth: number, sampleRate: number): (input: number) => number {
  const radius = Math.exp((-Math.PI * bandwidth) / sampleRate)
  const angle = (2 * Math.PI * frequency) / sampleRate
  let last = 0
  let beforeLast = 0
  return (input) => {
    const output = input + 2 * radius * Math.cos(angle) * last - radius * radius * beforeLast
    beforeLast = last
    last = output
    return output
  }
}

type Channel = Omit<DecodedAudio, 'durationMs'>

async function decode(bytes: Uint8Array<ArrayBuffer>, format: AudioFormat, sampleRate: number): Promise<Channel> {
  switch (format) {
    case 'pcm':
      return { sampleRate, samples: decodePcm(bytes) }
    case 'ulaw':
      return { sampleRate, samples: Int16Array.from(bytes, decodeUlaw) }
    case 'alaw':
      return { sampleRate, samples: Int16Array.from(bytes, decodeAlaw) }
    default:
      return decodeFile(bytes, format)
  }
}

function decodePcm(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true))
}

/** G.711, table 2b: the value in the middle of the interval that a code stands for, as 16 bits. */
function decodeUlaw(code: number): number {
  const segment = (~code >> 4) & 7
  const step = ~code & 15
  const magnitude = (((step << 1) + 33) << segment) - 33
  return 4 * (code & 0x80 ? magnitude : -magnitude)
}

/** G.711, table 1b. */
function decodeAlaw(code: number): number {
  const bits = code ^ 0x55
  const segment = (bits >> 4) & 7
  const step = bits & 15
  const magnitude = segment === 0 ? 2 * step + 1 : (2 * step + 33) << (segment - 1)
  return 8 * (bits & 0x80 ? magnitude : -magnitude)
}

async function decodeFile(
  bytes: Uint8Array<ArrayBuffer>,
  format: Exclude<AudioFormat, 'pcm' | 'ulaw' | 'alaw'>,
): Promise<Channel> {
  using input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS })
  const track = await input.getPrimaryAudioTrack()
  if (!track) throw new Error('There is no audio in the file')
  const codec = { wav: 'pcm-s16', mp3: 'mp3', opus: 'opus', flac: 'flac', aac: 'aac' }[format]
  if (track.codec !== codec) throw new Error(`The file is ${track.codec}, not ${codec}`)
  if (track.numberOfChannels !== 1) throw new Error(`The file has ${track.numberOfChannels} channels, not one`)
  switch (format) {
    case 'wav':
      return await decodeWav(track)
    case 'mp3':
      return await decodeMp3(bytes)
    case 'opus':
      return await decodeOpus(track)
    case 'flac':
      return await decodeFlac(track, bytes)
    case 'aac':
      return await decodeAac(track)
  }
}

async function decodeWav(track: InputAudioTrack): Promise<Channel> {
  const parts: Int16Array[] = []
  for await (const sample of new AudioSampleSink(track).samples()) {
    const part = new Int16Array(sample.numberOfFrames)
    sample.copyTo(part, { planeIndex: 0, format: 's16' })
    sample.close()
    parts.push(part)
  }
  return { sampleRate: track.sampleRate, samples: concat(parts) }
}

async function decodeMp3(bytes: Uint8Array): Promise<Channel> {
  const decoder = new MPEGDecoder()
  await decoder.ready
  const decoded = decoder.decode(bytes)
  decoder.free()
  return firstChannel(decoded)
}

async function decodeFlac(track: InputAudioTrack, bytes: Uint8Array<ArrayBuffer>): Promise<Channel> {
  const decoder = new FLACDecoder()
  await decoder.ready
  const frames: Uint8Array[] = []
  for await (const packet of new EncodedPacketSink(track).packets()) frames.push(packet.data)
  // mediabunny overlooks a last frame below 16 bytes, which is what silence takes.
  const last = frames.at(-1) ?? new Uint8Array()
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf(last) + last.length
  if (end < bytes.length) frames.push(bytes.subarray(end))
  const decoded = await decoder.decodeFrames(frames)
  decoder.free()
  return firstChannel(decoded, 32_767)
}

async function decodeOpus(track: InputAudioTrack): Promise<Channel> {
  const sampleRate = 48_000
  const decoder = new OpusDecoder({ channels: 1, sampleRate, preSkip: 0 })
  await decoder.ready
  const parts: Int16Array[] = []
  for await (const packet of new EncodedPacketSink(track).packets()) {
    const { samples } = firstChannel(decoder.decodeFrame(packet.data))
    const before = Math.max(0, Math.round(-packet.timestamp * sampleRate))
    parts.push(samples.slice(before, Math.max(before, Math.round(packet.duration * sampleRate))))
  }
  decoder.free()
  return { sampleRate, samples: concat(parts) }
}

const adtsHeaderBytes = 7
const adtsRates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000]

/** FAAD2 gives nothing for the first frame, which is as long as the encoder's delay: what it gives begins where the speech does. */
async function decodeAac(track: InputAudioTrack): Promise<Channel> {
  const frames: Uint8Array[] = []
  for await (const packet of new EncodedPacketSink(track).packets()) frames.push(packet.data.subarray(adtsHeaderBytes))
  // AAC-LC of one channel, and that there is no band replication, which FAAD2 else takes for granted at the lower rates.
  const rate = adtsRates.indexOf(track.sampleRate)
  const config = Uint8Array.of(
    (2 << 3) | (rate >> 1),
    ((rate & 1) << 7) | (1 << 3),
    0x2b7 >> 3,
    ((0x2b7 & 7) << 5) | 5,
    0,
  )
  const decoder = await createAacDecoder({ asc: config })
  const { channelData, sampleRate } = decoder.decode(frames)
  decoder.free()
  if (channelData.length === 0) throw new Error('The file does not decode: no frame of it is AAC')
  return firstChannel({ channelData, sampleRate, errors: [] })
}

/** @param fullScale the sample that the decoder calls 1 */
function firstChannel(
  decoded: {
    readonly channelData: Float32Array[]
    readonly sampleRate: number
    readonly errors: readonly { readonly message: string }[]
  },
  fullScale = 32_768,
): Channel {
  const [error] = decoded.errors
  if (error) throw new Error(`The file does not decode: ${error.message}`)
  const channel = decoded.channelData[0] ?? []
  const clip = (sample: number) => Math.max(-32_768, Math.min(32_767, sample))
  return {
    sampleRate: decoded.sampleRate,
    samples: Int16Array.from(channel, (sample) => clip(Math.round(sample * fullScale))),
  }
}

function concat(parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** How alike two signals are, −1 to 1, with `b` moved by `lag` samples; a few at the ends are left out. */
export function correlation(a: Int16Array, b: Int16Array, lag = 0): number {
  const margin = 100
  let ab = 0
  let aa = 0
  let bb = 0
  for (let n = margin; n < Math.min(a.length, b.length) - margin; n++) {
    const x = a[n] as number
    const y = b[n + lag] as number
    ab += x * y
    aa += x * x
    bb += y * y
  }
  return ab / Math.sqrt(aa * bb)
}

/** By how many samples, up to 50, `b` is most alike `a`. */
export function bestLag(a: Int16Array, b: Int16Array): number {
  const correlations = Array.from({ length: 101 }, (_, index) => correlation(a, b, index - 50))
  return correlations.indexOf(Math.max(...correlations)) - 50
}
