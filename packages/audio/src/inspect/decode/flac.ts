import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { type Bytes, pieces } from '../descriptor.ts'
import { InspectionRefusal } from '../refusal.ts'
import { type Block, checkShape, type Sound } from '../sound.ts'

const streamInfoBytes = 34
// A frame of silence may have 14 bytes and decode to 2 MB: the pieces that are decoded at once are small.
const longestPiece = 4096
const shortestPiece = 64
const mostDecodedBytes = 2 ** 25

/** @param start of the stream, behind tags in front of it */
export async function openFlac(bytes: Bytes, start: number): Promise<Sound> {
  const streamInfo = bytes.read(start + 8, streamInfoBytes)
  // Its kind is 0, and the bit before that says whether others follow.
  if ((Buffer.from(bytes.read(start + 4, 4)).readUInt32BE() & 0x7fff_ffff) !== streamInfoBytes) {
    throw new InspectionRefusal('audio_undecodable', 'The FLAC file does not begin with 34 bytes that describe it.')
  }
  // Pictures and whatever else lies between the header and the first frame is not shown to the decoder.
  const header = Buffer.concat([Buffer.from('fLaC\x80\0\0\x22', 'latin1'), streamInfo])
  async function* stream() {
    yield new Uint8Array(header)
    yield* pieces(bytes, firstFrame(bytes, start), bytes.size, pieceLength(streamInfo))
  }
  return await open('flac', streamInfo, stream())
}

/**
 * FLAC in Ogg.
 *
 * @param start of the first packet, which has the native header behind nine bytes of its own
 */
export async function openOggFlac(bytes: Bytes, start: number): Promise<Sound> {
  const streamInfo = bytes.read(start + 9 + 8, streamInfoBytes)
  return await open('ogg', streamInfo, pieces(bytes, 0, bytes.size, pieceLength(streamInfo)))
}

/** So many bytes that even frames of silence do not decode to much. */
function pieceLength(streamInfo: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(streamInfo.buffer)
  const channels = ((view.getUint8(12) >> 1) & 7) + 1
  const frames = mostDecodedBytes / (4 * channels * view.getUint16(2))
  const frameBytes = 11 + 2 * channels
  return Math.max(shortestPiece, Math.min(longestPiece, Math.floor(frames * frameBytes)))
}

function firstFrame(bytes: Bytes, start: number): number {
  for (let position = start + 4; position < bytes.size; ) {
    const [kind = 0, high = 0, middle = 0, low = 0] = bytes.read(position, 4)
    position += 4 + (high << 16) + (middle << 8) + low
    if (kind & 0x80) return position
  }
  throw new InspectionRefusal('audio_mislabeled', 'The FLAC file says that its header is longer than all of it.')
}

async function open(
  container: 'flac' | 'ogg',
  streamInfo: Uint8Array<ArrayBuffer>,
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Sound> {
  const view = new DataView(streamInfo.buffer)
  const sampleRate = view.getUint32(10) >>> 12
  const channels = ((view.getUint8(12) >> 1) & 7) + 1
  const samples = (view.getUint8(13) & 15) * 2 ** 32 + view.getUint32(14)
  checkShape(sampleRate, channels)
  const decoder = new FLACDecoder()
  await decoder.ready

  function take(decoded: Awaited<ReturnType<FLACDecoder['decode']>>): Block | undefined {
    if (decoded.samplesDecoded === 0) return undefined
    if (decoded.sampleRate !== sampleRate || decoded.channelData.length !== channels) {
      throw new InspectionRefusal(
        'audio_mislabeled',
        `The file says that it is of ${shape(channels, sampleRate)}, and is of ${shape(decoded.channelData.length, decoded.sampleRate)}.`,
      )
    }
    return decoded.channelData
  }

  return {
    container,
    codec: 'flac',
    sampleRate,
    channels,
    claimedSeconds: samples === 0 ? null : samples / sampleRate,
    blocks: (async function* (): AsyncGenerator<Block> {
      for await (const piece of stream) {
        const block = take(await decoder.decode(piece))
        if (block) yield block
      }
      const block = take(await decoder.flush())
      if (block) yield block
    })(),
  }
}

const shape = (channels: number, sampleRate: number) =>
  `${channels} ${channels === 1 ? 'channel' : 'channels'} at ${sampleRate} Hz`
