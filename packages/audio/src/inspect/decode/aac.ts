import { Socket } from 'node:net'
import { checkLength } from '../claim.ts'
import type { Media } from '../media.ts'
import { InspectionRefusal } from '../refusal.ts'
import { type Block, checkShape, cut, type Sound, withoutEnd } from '../sound.ts'
import type { TrackTimes } from './mp4.ts'
import { planesOf } from './pcm.ts'

/** Ends of the pipes to and from the ffmpeg that the parent started, as descriptors. */
export interface Pipes {
  readonly to: number
  readonly from: number
}

const frameSamples = 1024
const rates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350]
const longestHeader = 4096

/**
 * AAC, out of MP4 or as it is. The frames go to ffmpeg as ADTS, so that it opens nothing and believes nothing but a plain
 * stream; what it gives is checked against the number of frames.
 *
 * @param times of an MP4: what of it is to be heard
 */
export async function openAac(
  container: 'm4a' | 'aac',
  media: Media,
  pipes: Pipes,
  times: TrackTimes | undefined,
): Promise<Sound> {
  const header = container === 'aac' ? undefined : headerOf(media.description)
  const rate = header ? header.sampleRate : media.sampleRate
  const frameSeconds = frameSamples / rate
  const { frames, lastSeconds } = await count(media, frameSeconds)
  const codedSeconds = frames * frameSeconds
  if (times?.mediaSeconds) checkLength(times.mediaSeconds, codedSeconds)

  const sending = send(media, pipes.to, header)
  // It fails where ffmpeg went away; what came back then says so too.
  sending.catch(() => {})
  const { sampleRate, channels, blocks } = await openWave(new Socket({ fd: pipes.from, writable: false }))
  checkShape(sampleRate, channels)

  async function* decoded(): AsyncGenerator<Block> {
    let samples = 0
    for await (const block of blocks) {
      samples += block[0]?.length ?? 0
      if (samples / sampleRate > codedSeconds + mostOff / rate) break
      yield block
    }
    const got = samples / sampleRate
    if (Math.abs(codedSeconds - got) > mostOff / rate) throw new Error(`${codedSeconds} s of AAC became ${got} s`)
  }

  const samplesOf = (seconds: number) => Math.round(seconds * sampleRate)
  // Where nobody says how much was added: no encoder does with less than a frame in front, since each overlaps the next,
  // and the last lacks half of one on average.
  const before = times?.from || frameSeconds
  const after = times ? frameSeconds - lastSeconds : frameSeconds / 2
  return {
    container,
    codec: 'aac',
    sampleRate,
    channels,
    claimedSeconds: times?.seconds ?? null,
    blocks: cut(withoutEnd(decoded(), samplesOf(after)), samplesOf(before), samplesOf(times?.seconds ?? Infinity)),
  }
}

/** How many frames a decoder may add or leave out at the ends, in samples. */
const mostOff = 4 * frameSamples

/**
 * How many frames there are, and how much of the last one counts by the container, in seconds. Recorders write when a frame
 * came instead of how long it is: what they say of the last one is nothing to go by.
 */
async function count(media: Media, frameSeconds: number): Promise<{ frames: number; lastSeconds: number }> {
  let frames = 0
  let irregular = 0
  let last = frameSeconds
  for await (const { duration } of media.packets({ metadataOnly: true })) {
    frames++
    last = duration
    if (Math.abs(duration - frameSeconds) > frameSeconds / 100) irregular++
  }
  return { frames, lastSeconds: irregular === 1 && last > 0 ? Math.min(last, frameSeconds) : frameSeconds }
}

/** Writes the packets to a descriptor, each behind the header it needs. */
async function send(media: Media, descriptor: number, header: Header | undefined): Promise<void> {
  const pipe = new Socket({ fd: descriptor, readable: false })
  // Each write tells of it as well.
  pipe.on('error', () => {})
  const write = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => pipe.write(bytes, (error) => (error ? reject(error) : resolve())))
  try {
    for await (const { data } of media.packets()) {
      await write(header ? Buffer.concat([header.bytes(data.length), data]) : data)
    }
  } finally {
    pipe.end()
  }
}

interface Header {
  /** Of the core that every decoder has; the rate that is heard may be twice it. */
  readonly sampleRate: number
  /** The seven bytes in front of a frame of so many bytes. */
  bytes(length: number): Buffer
}

/** What an AudioSpecificConfig (ISO 14496-3, 1.6.2.1) says, as a header of ADTS can. */
function headerOf(config: Uint8Array): Header {
  const bits = [...config].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  let position = 0
  const take = (count: number) => {
    position += count
    return Number.parseInt(bits.slice(position - count, position) || 'x', 2)
  }
  const takeRate = () => {
    const index = take(4)
    return index === 15 ? rates.indexOf(take(24)) : index
  }
  let type = take(5)
  const rateIndex = takeRate()
  const channels = take(4)
  // Spectral bands replicated, with or without a parametric second channel: the core's own type comes after the rate.
  if (type === 5 || type === 29) {
    takeRate()
    type = take(5)
  }
  const sampleRate = rates[rateIndex]
  if (!(type >= 1 && type <= 4) || !sampleRate || !(channels >= 1 && channels <= 7)) {
    throw new InspectionRefusal('audio_unsupported', `The file is AAC of type ${type}; give AAC-LC or another format.`)
  }
  return {
    sampleRate,
    bytes(length) {
      const whole = length + 7
      if (whole >= 2 ** 13) throw new Error(`A frame of ${length} bytes is too long for ADTS`)
      return Buffer.from([
        0xff,
        0xf1,
        ((type - 1) << 6) | (rateIndex << 2) | (channels >> 2),
        ((channels & 3) << 6) | (whole >> 11),
        (whole >> 3) & 0xff,
        ((whole & 7) << 5) | 0x1f,
        0xfc,
      ])
    },
  }
}

/** Reads the WAV of 32-bit floats that ffmpeg is asked for, as it comes. @throws Error when it is anything else */
async function openWave(stream: AsyncIterable<Buffer>) {
  const chunks = stream[Symbol.asyncIterator]()
  let held = Buffer.alloc(0)
  const more = async () => {
    const { done, value } = await chunks.next()
    if (!done) held = Buffer.concat([held, value])
    return !done
  }
  const dataAt = () => held.indexOf('data', 12, 'latin1')
  while (dataAt() === -1 || held.length < dataAt() + 8) {
    if (held.length > longestHeader || !(await more())) throw new Error('ffmpeg gave no WAV')
  }
  const at = held.indexOf('fmt ', 12, 'latin1')
  if (held.toString('latin1', 0, 4) !== 'RIFF' || at === -1 || at + 24 > dataAt()) throw new Error('ffmpeg gave no WAV')
  const [channels, sampleRate, bits] = [
    held.readUInt16LE(at + 10),
    held.readUInt32LE(at + 12),
    held.readUInt16LE(at + 22),
  ]
  if (bits !== 32) throw new Error(`ffmpeg gave ${bits} bits`)
  held = held.subarray(dataAt() + 8)

  const frameBytes = 4 * channels
  async function* blocks(): AsyncGenerator<Block> {
    do {
      const length = held.length - (held.length % frameBytes)
      if (length > 0) yield planesOf(held.subarray(0, length), 'pcm-f32', channels)
      held = held.subarray(length)
    } while (await more())
  }
  return { channels, sampleRate, blocks: blocks() }
}
