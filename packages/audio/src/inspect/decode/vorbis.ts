import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis'
import { createOggPager } from '../../encoders/ogg.ts'
import { type Bytes, pieces } from '../descriptor.ts'
import type { Media } from '../media.ts'
import { type Block, type Sound, withoutEnd } from '../sound.ts'

// A packet may have one byte and decode to 32 kB: the pieces that are decoded at once are small.
const pieceBytes = 4096

/**
 * Vorbis in Ogg. The decoder takes the pages itself, and cuts the end where the last of them says so.
 *
 * @param position that the last page claims, in samples
 */
export function openVorbis(bytes: Bytes, media: Media, position: number | null): Promise<Sound> {
  const claimedSeconds = position === null ? null : position / media.sampleRate
  return open('ogg', { ...media, claimedSeconds }, pieces(bytes, 0, bytes.size, pieceBytes))
}

/** Vorbis in WebM. The decoder takes nothing but pages of Ogg. */
export function openWebmVorbis(media: Media): Promise<Sound> {
  const pager = createOggPager()
  async function* pages() {
    for (const header of readHeaders(media.description)) {
      yield pager.add(header, 0)
      yield pager.flush()
    }
    for await (const { data } of media.packets()) {
      yield pager.add(data, 0)
      yield pager.flush()
    }
  }
  return open('webm', media, pages())
}

async function open(
  container: Sound['container'],
  { codec, sampleRate, channels, claimedSeconds, paddingSeconds }: Media,
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Sound> {
  const decoder = new OggVorbisDecoder()
  await decoder.ready

  async function* blocks(): AsyncGenerator<Block> {
    for await (const piece of stream) {
      const { samplesDecoded, channelData } = await decoder.decode(piece)
      if (samplesDecoded > 0) yield channelData
    }
    const { samplesDecoded, channelData } = await decoder.flush()
    if (samplesDecoded > 0) yield channelData
  }

  return {
    container,
    codec,
    sampleRate,
    channels,
    claimedSeconds,
    blocks: withoutEnd(blocks(), Math.round(paddingSeconds * sampleRate)),
  }
}

/** Three headers behind their number less one and the lengths of the first two, in bytes of which all but the last are 255. */
function readHeaders(laced: Uint8Array): Uint8Array[] {
  let position = 1
  const readLength = () => {
    let length = 0
    for (let byte = 255; byte === 255; ) {
      byte = laced[position++] ?? 0
      length += byte
    }
    return length
  }
  const [first, second] = [readLength(), readLength()]
  const ends = [position + first, position + first + second, laced.length]
  return ends.map((end, index) => laced.subarray(ends[index - 1] ?? position, end))
}
