import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { type Bytes, pieces } from '../descriptor.ts'
import { InspectionRefusal } from '../refusal.ts'
import { type Block, checkShape, type Sound } from '../sound.ts'

// A frame of silence may have 14 bytes and decode to 2 MB: the pieces that are decoded at once are small.
const pieceBytes = 4096
const streamInfoBytes = 34

/** @param start of the stream, behind tags in front of it */
export async function openFlac(bytes: Bytes, start: number): Promise<Sound> {
  const streamInfo = bytes.read(start + 8, streamInfoBytes)
  // Pictures and whatever else lies between the header and the first frame is not shown to the decoder.
  const header = Buffer.concat([Buffer.from('fLaC\x80\0\0\x22', 'latin1'), streamInfo])
  async function* stream() {
    yield new Uint8Array(header)
    yield* pieces(bytes, firstFrame(bytes, start), bytes.size, pieceBytes)
  }
  return await open('flac', streamInfo, stream())
}

/** FLAC in Ogg: the first packet has the native header behind nine bytes of its own. */
export async function openOggFlac(bytes: Bytes): Promise<Sound> {
  return await open('ogg', bytes.read(28 + 9 + 8, streamInfoBytes), pieces(bytes, 0, bytes.size, pieceBytes))
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
  if (streamInfo.length < streamInfoBytes) throw new Error('The stream ends in its header')
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
        `The file says that it has ${channels} channels at ${sampleRate} Hz, and has ${decoded.channelData.length} at ${decoded.sampleRate} Hz.`,
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
