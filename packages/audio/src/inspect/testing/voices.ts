import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { Application, createEncoder as createOpus } from 'libopus-wasm'
import { createEncoder } from 'wasm-media-encoders'
import { concat } from '../../encoders/encoder.ts'
import { encoders } from '../../encoders/encoders.ts'
import { createResampler } from '../../resample.ts'
import { speechLike } from '../../testing.ts'
import { makeMp4 } from './mp4.ts'
import { makeOggOpus } from './opus.ts'
import { makeWav } from './wav.ts'
import { makeWebm } from './webm.ts'

const packetMs = 20

/** Decoded sound. */
export interface Pcm {
  /** In hertz. */
  readonly sampleRate: number
  /** Full scale being 1; all channels equally long. */
  readonly channels: readonly Float32Array<ArrayBuffer>[]
}

/** The real voice that the fixtures are made from: eleven seconds at 44.1 kHz, in stereo. */
export async function decodeVoice(): Promise<Pcm> {
  const decoder = new FLACDecoder()
  await decoder.ready
  const { sampleRate, channelData } = await decoder.decodeFile(await readFile(fixture('jfk.flac')))
  decoder.free()
  return { sampleRate, channels: channelData.map((channel) => Float32Array.from(channel)) }
}

export const fixture = (name: string) => new URL(`../../../fixtures/${name}`, import.meta.url)

export function toMono({ sampleRate, channels }: Pcm): Pcm {
  const mix = (_: number, n: number) => channels.reduce((sum, channel) => sum + (channel[n] ?? 0), 0) / channels.length
  return { sampleRate, channels: [Float32Array.from(channels[0] ?? [], mix)] }
}

export function toRate({ sampleRate, channels }: Pcm, rate: number): Pcm {
  if (rate === sampleRate) return { sampleRate, channels }
  const resampled = channels.map((channel) => {
    const samples = createResampler(sampleRate, rate, channel.length).push(toInt16(channel))
    return Float32Array.from(samples, (sample) => sample / 32_768)
  })
  return { sampleRate: rate, channels: resampled }
}

/** Something like a voice. */
export function hum(sampleRate: number, seconds: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(speechLike(sampleRate, Math.round(sampleRate * seconds)), (sample) => sample / 32_768)
}

/** Whole and honest files of three seconds, one of each kind that is taken without an ffmpeg. */
export type Voices = Readonly<Record<'wav' | 'mp3' | 'flac' | 'opus' | 'vorbis' | 'webm' | 'm4a', Buffer<ArrayBuffer>>>

export async function makeVoices(): Promise<Voices> {
  const packets = await opusPackets(3)
  const voice = (sampleRate: number): Pcm => ({ sampleRate, channels: [hum(sampleRate, 3)] })
  return {
    wav: makeWav(voice(16_000)),
    mp3: await encode('mp3', voice(24_000), 64),
    flac: await encode('flac', voice(16_000), null),
    opus: makeOggOpus(packets, { granules: packetMs * 48 }),
    vorbis: await encodeVbr('audio/ogg', voice(44_100)),
    webm: makeWebm({ packets, packetMs, durationMs: 3000 }),
    m4a: makeMp4({ packets, packetSamples: packetMs * 48 }),
  }
}

/** One channel by the encoders of this package. @param bitRate in kbit/s, where the format has one */
export async function encode(
  format: 'mp3' | 'flac' | 'opus' | 'aac',
  { sampleRate, channels: [channel = new Float32Array()] }: Pcm,
  bitRate: number | null,
): Promise<Buffer<ArrayBuffer>> {
  const samples = toInt16(channel)
  const tags = { title: undefined, voice: undefined, comment: '', maker: '' }
  const encoder = await encoders[format]({ samples: samples.length, sampleRate, bitRate, tags })
  const bytes = concat([encoder.header, await encoder.encode(samples), await encoder.finish()])
  encoder.free()
  return Buffer.from(bytes.buffer)
}

/** One or two channels at a variable bit rate, by LAME without a tag in front, or by libvorbis. */
export async function encodeVbr(
  mimeType: 'audio/mpeg' | 'audio/ogg',
  { sampleRate, channels }: Pcm,
): Promise<Buffer<ArrayBuffer>> {
  const wasm = `wasm-media-encoders/wasm/${mimeType === 'audio/ogg' ? 'ogg' : 'mp3'}`
  const encoder = await createEncoder(mimeType, await readFile(fileURLToPath(import.meta.resolve(wasm))))
  encoder.configure({ channels: channels.length === 1 ? 1 : 2, sampleRate, vbrQuality: 3 })
  const begun = encoder.encode([...channels]).slice()
  return Buffer.from(concat([begun, encoder.finalize()]).buffer)
}

/** Packets of 20 ms. */
export async function opusPackets(seconds: number): Promise<Uint8Array[]> {
  const frameSize = packetMs * 48
  const samples = speechLike(48_000, 48_000 * seconds)
  const opus = await createOpus({ application: Application.Voip, channels: 1, sampleRate: 48_000, frameSize })
  const packets = Array.from({ length: samples.length / frameSize }, (_, n) =>
    opus.encode(samples.subarray(n * frameSize, (n + 1) * frameSize)).slice(),
  )
  opus.free()
  return packets
}

const toInt16 = (channel: Float32Array) =>
  Int16Array.from(channel, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))))
