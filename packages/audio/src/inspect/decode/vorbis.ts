import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis'
import { type Bytes, pieces } from '../descriptor.ts'
import { openMedia } from '../media.ts'
import type { Block, Sound } from '../sound.ts'

// A packet may have one byte and decode to 32 kB: the pieces that are decoded at once are small.
const pieceBytes = 4096

/** Vorbis in Ogg. The decoder takes the pages itself, and cuts the end where the last of them says so. */
export async function openVorbis(bytes: Bytes): Promise<Sound> {
  const { sampleRate, channels, codec } = await openMedia(bytes)
  const decoder = new OggVorbisDecoder()
  await decoder.ready
  return {
    container: 'ogg',
    codec,
    sampleRate,
    channels,
    claimedSeconds: null,
    blocks: (async function* (): AsyncGenerator<Block> {
      for (const piece of pieces(bytes, 0, bytes.size, pieceBytes)) {
        const { samplesDecoded, channelData } = await decoder.decode(piece)
        if (samplesDecoded > 0) yield channelData
      }
      const { samplesDecoded, channelData } = await decoder.flush()
      if (samplesDecoded > 0) yield channelData
    })(),
  }
}
