import {
  ADTS,
  CustomSource,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  type InputFormat,
  MATROSKA,
  MP3,
  MP4,
  OGG,
  type PacketRetrievalOptions,
  QTFF,
  WEBM,
} from 'mediabunny'
import type { Container } from './container.ts'
import { readDiscardPadding } from './decode/discard-padding.ts'
import { wellFormed } from './decode/ebml.ts'
import { fragmentsOf } from './decode/mp4.ts'
import type { Bytes } from './descriptor.ts'
import { InspectionRefusal } from './refusal.ts'
import { checkShape } from './sound.ts'

/** The one audio track of a file and its packets. */
export interface Media {
  readonly codec: string
  readonly sampleRate: number
  readonly channels: number
  /** What the codec needs to know before its first packet: an OpusHead, an AudioSpecificConfig. */
  readonly description: Uint8Array
  /** The length that headers claim, in seconds. */
  readonly claimedSeconds: number | null
  /** What a WebM says to cut off at the end, in seconds; other containers say it by the length of their last packet. */
  readonly paddingSeconds: number
  /** The packets in the order of the file. */
  packets(options?: PacketRetrievalOptions): ReturnType<EncodedPacketSink['packets']>
}

/** Each container is read as what it is, so that a file cannot be one thing for us and another for the demuxer. */
const formats: Readonly<Partial<Record<Container, InputFormat[]>>> = {
  mp3: [MP3],
  ogg: [OGG],
  webm: [WEBM, MATROSKA],
  m4a: [MP4, QTFF],
  aac: [ADTS],
}

/**
 * @param codecs that are decoded here in this container
 * @param accepted what to send instead of another one, for the sentence
 * @throws InspectionRefusal `audio_unsupported` also when there is a picture track, or more than one audio track,
 * `audio_undecodable` when there is none
 */
export async function openMedia(
  container: Container,
  file: Bytes,
  codecs: readonly string[],
  accepted: string,
): Promise<Media> {
  const bytes = container === 'webm' ? wellFormed(file) : file
  const track = await trackOf(container, bytes)
  const codec = await track.getCodec()
  if (!codec || !codecs.includes(codec)) {
    const name = `${codec ?? (await track.getInternalCodecId())}`
    const shown = /^[\w./-]{1,32}$/.test(name) ? name : 'an unknown codec'
    throw new InspectionRefusal('audio_unsupported', `The file has ${shown} in ${container}; give ${accepted}.`)
  }
  const [sampleRate, channels] = [await track.getSampleRate(), await track.getNumberOfChannels()]
  checkShape(sampleRate, channels)
  const description = (await track.getDecoderConfig())?.description
  const last = container === 'webm' ? await new EncodedPacketSink(track).getPacket(Infinity) : null
  const fragments = container === 'm4a' ? fragmentsOf(bytes) : undefined
  const tracks = fragments ? [track, await trackOf(container, fragments)] : [track]
  return {
    codec,
    sampleRate,
    channels,
    description: description ? bytesOf(description) : new Uint8Array(),
    paddingSeconds: last ? readDiscardPadding(bytes, last.data) : 0,
    claimedSeconds: await track.getDurationFromMetadata(),
    async *packets(options = {}) {
      for (const part of tracks) yield* new EncodedPacketSink(part).packets(undefined, undefined, options)
    },
  }
}

async function trackOf(container: Container, bytes: Bytes): Promise<InputAudioTrack> {
  const source = new CustomSource({
    getSize: () => bytes.size,
    read: (start, end) => bytes.read(start, end - start),
    maxCacheSize: 2 ** 20,
    prefetchProfile: 'fileSystem',
  })
  const input = new Input({ source, formats: formats[container] ?? [] })
  const [videos, audios] = [await input.getVideoTracks(), await input.getAudioTracks()]
  if (videos.length > 0) {
    throw new InspectionRefusal('audio_unsupported', 'The file is a video; give its sound alone.')
  }
  const [track] = audios
  if (!track) {
    const found = 'There are 0 audio tracks to be found in the file'
    throw new InspectionRefusal('audio_undecodable', `${found}: it is cut off, or holds something else.`)
  }
  if (audios.length > 1) {
    throw new InspectionRefusal('audio_unsupported', `The file has ${audios.length} audio tracks; give it with one.`)
  }
  return track
}

function bytesOf(source: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
}
