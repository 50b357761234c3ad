import { MPEGDecoder } from 'mpg123-decoder'
import type { Bytes } from '../descriptor.ts'
import { openMedia } from '../media.ts'
import { InspectionRefusal } from '../refusal.ts'
import { type Block, cut, type Sound, withoutEnd } from '../sound.ts'

/** What a decoder of MP3 adds to the encoder's own delay, in samples, and the delay of the usual encoder, LAME. */
const decoderDelay = 529
const usualDelay = 576

/**
 * @param start of the first frame
 * @param accepted what to send instead of something else, for the sentence
 */
export async function openMp3(bytes: Bytes, start: number, accepted: string): Promise<Sound> {
  const media = await openMedia('mp3', bytes, ['mp3'], accepted)
  const { sampleRate, channels } = media
  const tag = readTag(bytes.read(start, 4096))
  const decoder = new MPEGDecoder({ enableGapless: false })
  await decoder.ready

  async function* blocks(): AsyncGenerator<Block> {
    let used = 0
    for await (const packet of media.packets()) {
      used += packet.data.length
      const decoded = decoder.decodeFrame(packet.data)
      if (decoded.samplesDecoded === 0) continue
      if (decoded.sampleRate !== sampleRate) {
        throw new InspectionRefusal(
          'audio_mislabeled',
          `The file changes its rate on the way, from ${sampleRate} to ${decoded.sampleRate} Hz.`,
        )
      }
      yield decoded.channelData.slice(0, channels)
    }
    const unused = bytes.size - start - used
    if (unused > Math.max(65_536, used)) {
      throw new InspectionRefusal('audio_mislabeled', `${unused} of the file's ${bytes.size} bytes are not MP3.`)
    }
  }

  return {
    container: 'mp3',
    codec: 'mp3',
    sampleRate,
    channels,
    claimedSeconds: tag.frames === null ? null : (tag.frames * tag.frameSamples) / sampleRate,
    blocks: cut(withoutEnd(blocks(), tag.after), tag.before),
  }
}

interface Tag {
  /** How many frames follow. */
  readonly frames: number | null
  readonly frameSamples: number
  /** Samples to cut off in front and at the end. */
  readonly before: number
  readonly after: number
}

/** Reads the Xing or Info tag in the first frame, and LAME's extension of it, where encoders write how much they added. */
function readTag(frame: Uint8Array<ArrayBuffer>): Tag {
  const view = new DataView(frame.buffer)
  const isVersion1 = ((frame[1] ?? 0) & 8) !== 0
  const isMono = (frame[3] ?? 0) >> 6 === 3
  const frameSamples = isVersion1 ? 1152 : 576
  let offset = 4 + (isVersion1 ? (isMono ? 17 : 32) : isMono ? 9 : 17)
  // Where nobody says how much was added, the last frame is full by half on average.
  const none = { frames: null, frameSamples, before: usualDelay + decoderDelay, after: frameSamples / 2 }
  const text = (at: number, length: number) => Buffer.from(frame.buffer, at, length).toString('latin1')
  if (frame.length < offset + 160 || !['Xing', 'Info'].includes(text(offset, 4))) return none

  const flags = view.getUint32(offset + 4)
  offset += 8
  const frames = flags & 1 ? view.getUint32(offset) : null
  for (const [flag, length] of [
    [1, 4],
    [2, 4],
    [4, 100],
    [8, 4],
  ] as const)
    if (flags & flag) offset += length
  if (!/^[\w.]{4}/.test(text(offset, 9))) return { ...none, frames }
  const lengths = view.getUint32(offset + 21) >>> 8
  const [delay, padding] = [lengths >> 12, lengths & 0xfff]
  return {
    frames,
    frameSamples,
    before: delay === 0 ? 0 : delay + decoderDelay,
    after: Math.max(0, padding - decoderDelay),
  }
}
