import type { AudioFormat } from './api.d.ts'

/** How audio is to be made. */
export interface OutputInput {
  readonly format?: AudioFormat | undefined
  /**
   * In hertz: 8000, 16000, 22050, 24000, 32000, 44100 or 48000, as far as the format takes it. Default: as much as the speech has,
   * from 16000 to 24000; 24000 for `pcm`, 8000 for `ulaw` and `alaw`.
   */
  readonly sampleRate?: number | null | undefined
  /** In kbit/s, of `mp3`, `opus` and `aac`; a refusal names those that go with the sample rate. */
  readonly bitRate?: number | null | undefined
  /** Integrated loudness to bring it to, −30 to −10 LUFS; `null` for as loud as the engine speaks. */
  readonly loudness?: number | null | undefined
}

/** As the query of an address, where there is no `null`. */
export function toQuery({
  format,
  sampleRate,
  bitRate,
  loudness,
  complete,
}: OutputInput & { complete?: boolean | undefined }): string {
  const level = loudness === null ? 'none' : loudness
  const given = Object.entries({ format, sampleRate, bitRate, loudness: level, complete: complete || undefined })
  const query = given.flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]]))
  return query.length === 0 ? '' : `?${new URLSearchParams(query)}`
}
