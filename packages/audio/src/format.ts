/** Formats that a generation can be delivered in. */
export const audioFormats = ['wav', 'mp3', 'opus', 'flac', 'pcm'] as const

export type AudioFormat = (typeof audioFormats)[number]

/** The rate of everything Loqui delivers: what the field means by `pcm`, and what Chatterbox makes. In hertz, mono. */
export const outputSampleRate = 24_000

/** Content type and file ending of each format. `opus` is Opus in Ogg; `pcm` is signed 16-bit little endian, mono. */
export const audioFormatInfo: Record<AudioFormat, { readonly contentType: string; readonly extension: string }> = {
  wav: { contentType: 'audio/wav', extension: 'wav' },
  mp3: { contentType: 'audio/mpeg', extension: 'mp3' },
  opus: { contentType: 'audio/ogg; codecs=opus', extension: 'opus' },
  flac: { contentType: 'audio/flac', extension: 'flac' },
  pcm: { contentType: `audio/pcm; rate=${outputSampleRate}; channels=1`, extension: 'pcm' },
}
