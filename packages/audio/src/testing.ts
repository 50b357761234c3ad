import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { ALL_FORMATS, AudioSampleSink, BufferSource, EncodedPacketSink, Input, type InputAudioTrack } from 'mediabunny'
import { MPEGDecoder } from 'mpg123-decoder'
import { OpusDecoder } from 'opus-decoder'
import { type AudioFormat, outputSampleRate } from './format.ts'

/** What decoders that share nothing with the encoders make of a file. */
export interface DecodedAudio {
  /** In hertz. */
  readonly sampleRate: number
  /** 16 bits each, without what the file says to cut off at its ends. */
  readonly samples: Int16Array
  readonly durationMs: number
}

/**
 * Decodes a whole file, for tests.
 *
 * @throws Error when `bytes` is not mono audio of that format
 */
export async function decodeAudio(bytes: Uint8Array<ArrayBuffer>, format: AudioFormat): Promise<DecodedAudio> {
  const { sampleRate, samples } = format === 'pcm' ? decodePcm(bytes) : await decodeFile(bytes, format)
  return { sampleRate, samples, durationMs: (samples.length * 1000) / sampleRate }
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

function decodePcm(bytes: Uint8Array): Channel {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const samples = Int16Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true))
  return { sampleRate: outputSampleRate, samples }
}

async function decodeFile(bytes: Uint8Array<ArrayBuffer>, format: Exclude<AudioFormat, 'pcm'>): Promise<Channel> {
  using input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS })
  const track = await input.getPrimaryAudioTrack()
  if (!track) throw new Error('There is no audio in the file')
  const codec = { wav: 'pcm-s16', mp3: 'mp3', opus: 'opus', flac: 'flac' }[format]
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
