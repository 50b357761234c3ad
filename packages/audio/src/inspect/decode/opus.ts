import { OpusDecoder } from 'opus-decoder'
import type { Media } from '../media.ts'
import { InspectionRefusal } from '../refusal.ts'
import { type Block, cut, type Sound, withoutEnd } from '../sound.ts'
import type { TrackTimes } from './mp4.ts'

/** What Opus always decodes to, in hertz. */
const opusRate = 48_000

interface Head {
  readonly channels: number
  /** Samples to cut off in front. */
  readonly preSkip: number
  readonly streamCount: number
  readonly coupledStreamCount: number
  readonly channelMappingTable: number[]
}

/** @param position that the last page claims, in samples */
export async function openOggOpus(media: Media, position: number | null): Promise<Sound> {
  const sound = await openOpus('ogg', media)
  const { preSkip } = readHead(media.description)
  return { ...sound, claimedSeconds: position === null ? null : (position - preSkip) / opusRate }
}

/**
 * Opus in whatever container.
 *
 * @param times of an MP4: what of it is to be heard
 */
export async function openOpus(container: Sound['container'], media: Media, times?: TrackTimes): Promise<Sound> {
  const { channels, preSkip, ...streams } = readHead(media.description)
  const decoder = new OpusDecoder({ sampleRate: opusRate, channels, ...streams, preSkip: 0 })
  await decoder.ready

  async function* blocks(): AsyncGenerator<Block> {
    let last: { readonly block: Block; readonly duration: number } | undefined
    for await (const packet of media.packets()) {
      if (last) yield last.block
      last = { block: decoder.decodeFrame(packet.data).channelData, duration: packet.duration }
    }
    if (!last) return
    // Ogg ends before its last packet does: the end of the last page counts.
    const kept = container === 'ogg' ? Math.round(last.duration * opusRate) : Infinity
    yield last.block.map((plane) => plane.subarray(0, kept))
  }

  return {
    container,
    codec: 'opus',
    sampleRate: opusRate,
    channels,
    claimedSeconds: times ? (times.seconds ?? times.mediaSeconds) : media.claimedSeconds,
    blocks: cut(
      withoutEnd(blocks(), Math.round(media.paddingSeconds * opusRate)),
      Math.max(preSkip, Math.round((times?.from ?? 0) * opusRate)),
      Math.round((times?.seconds ?? Infinity) * opusRate),
    ),
  }
}

/** The identification header of RFC 7845, section 5.1. */
function readHead(head: Uint8Array): Head {
  if (head.length < 19) throw new InspectionRefusal('audio_undecodable', 'The file has half an Opus header.')
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  const channels = view.getUint8(9)
  const preSkip = view.getUint16(10, true)
  if (view.getUint8(18) === 0) {
    if (channels > 2)
      throw new InspectionRefusal('audio_undecodable', `The Opus header does not map ${channels} channels.`)
    const channelMappingTable = channels === 2 ? [0, 1] : [0]
    return { channels, preSkip, streamCount: 1, coupledStreamCount: channels - 1, channelMappingTable }
  }
  const channelMappingTable = [...head.subarray(21, 21 + channels)]
  const [streamCount, coupledStreamCount] = [head[19] ?? 0, head[20] ?? 0]
  const decoded = streamCount + coupledStreamCount
  const isWhole = channelMappingTable.length === channels && streamCount > 0 && coupledStreamCount <= streamCount
  if (!isWhole || channelMappingTable.some((index) => index >= decoded && index !== 255)) {
    throw new InspectionRefusal('audio_undecodable', 'The Opus header maps channels that the file does not have.')
  }
  return { channels, preSkip, streamCount, coupledStreamCount, channelMappingTable }
}
