import {
  ADTS,
  CustomSource,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  MATROSKA,
  MP3,
  MP4,
  OGG,
  WEBM,
} from 'mediabunny'
import type { Bytes } from './descriptor.ts'
import { InspectionRefusal } from './refusal.ts'
import { checkShape } from './sound.ts'

/** The one audio track of a file and its packets. */
export interface Media {
  readonly track: InputAudioTrack
  readonly codec: string
  readonly sampleRate: number
  readonly channels: number
  /** What the codec needs to know before its first packet: an OpusHead, an AudioSpecificConfig. */
  readonly description: Uint8Array
  /** The length that headers claim, in seconds. */
  readonly claimedSeconds: number | null
}

/** @throws InspectionRefusal `audio_unsupported` when there is a picture track, no audio track, or more than one */
export async function openMedia(bytes: Bytes): Promise<Media> {
  const source = new CustomSource({
    getSize: () => bytes.size,
    read: (start, end) => bytes.read(start, end - start),
    maxCacheSize: 2 ** 20,
  })
  const input = new Input({ source, formats: [MP4, WEBM, MATROSKA, OGG, MP3, ADTS] })
  const [videos, audios] = [await input.getVideoTracks(), await input.getAudioTracks()]
  if (videos.length > 0) {
    throw new InspectionRefusal('audio_unsupported', 'The file is a video; give its sound alone.')
  }
  const [track] = audios
  if (!track || audios.length > 1) {
    throw new InspectionRefusal('audio_unsupported', `The file has ${audios.length} audio tracks; give it with one.`)
  }
  const codec = await track.getCodec()
  if (!codec) {
    const internal = await track.getInternalCodecId()
    throw new InspectionRefusal(
      'audio_unsupported',
      `The file is encoded in a way that is not known here (${internal}).`,
    )
  }
  const [sampleRate, channels] = [await track.getSampleRate(), await track.getNumberOfChannels()]
  checkShape(sampleRate, channels)
  const description = (await track.getDecoderConfig())?.description
  return {
    track,
    codec,
    sampleRate,
    channels,
    description: description ? bytesOf(description) : new Uint8Array(),
    claimedSeconds: await track.getDurationFromMetadata(),
  }
}

/** The packets of a track in the order of the file. */
export function packetsOf(media: Media): ReturnType<EncodedPacketSink['packets']> {
  return new EncodedPacketSink(media.track).packets()
}

function bytesOf(source: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
}
