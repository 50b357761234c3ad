import { ALL_FORMATS, BufferSource, Input } from 'mediabunny'
import type { AudioFormat } from './format.ts'
import { adtsFrameSamples } from './testing.ts'

/** What a file says of itself, read by a library that had no part in writing it. */
export interface FileHeader {
  /** In hertz. */
  readonly sampleRate: number
  readonly channels: number
  /** How long it says it is, less what it says to leave out at its ends. In seconds. */
  readonly seconds: number
  readonly title: string | undefined
  /** Who speaks. */
  readonly voice: string | undefined
  readonly comment: string | undefined
  /** What made it. */
  readonly maker: string | undefined
}

/** Formats that are samples and nothing else. */
export type RawFormat = 'pcm' | 'ulaw' | 'alaw'

export const isRaw = (format: AudioFormat): format is RawFormat =>
  format === 'pcm' || format === 'ulaw' || format === 'alaw'

/** Reads the header of a file that has one, for tests. */
export async function readHeader(
  bytes: Uint8Array<ArrayBuffer>,
  format: Exclude<AudioFormat, RawFormat>,
): Promise<FileHeader> {
  using input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS })
  const track = await input.getPrimaryAudioTrack()
  if (!track) throw new Error('There is no audio in the file')
  // Ogg says its length in its last page, and ADTS by its frames alone.
  const said = (await input.getDurationFromMetadata()) ?? (await input.computeDuration())
  const { title, artist, comment, raw } = await input.getMetadataTags()
  const maker = raw?.ISFT ?? raw?.TSSE ?? raw?.ENCODER
  // RIFF does not say how text is encoded. ffmpeg writes and reads UTF-8, this reader takes it for Latin-1.
  const text = (given: string | undefined) =>
    format === 'wav' && given !== undefined ? Buffer.from(given, 'latin1').toString() : given
  return {
    sampleRate: track.sampleRate,
    channels: track.numberOfChannels,
    seconds: said - leftOut(bytes, format) / track.sampleRate,
    title: text(title),
    voice: text(artist),
    comment,
    maker: typeof maker === 'string' ? maker : undefined,
  }
}

/** The samples that a decoder leaves out: of an MP3 what LAME's extension says, of AAC one frame, which it needs to begin. */
function leftOut(bytes: Uint8Array, format: AudioFormat): number {
  if (format === 'aac') return adtsFrameSamples
  if (format !== 'mp3') return 0
  const ends = Buffer.from(bytes).readUIntBE(Buffer.from(bytes).indexOf('LAME3.99r') + 21, 3)
  return (ends >> 12) + (ends & 4095)
}
