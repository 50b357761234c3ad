import type { AudioFormat } from '@loqui/sdk'

/** Every format a generation can be had in, best known first, and what to say of it. */
export const formats: Record<AudioFormat, { label: string; detail: string; contentType: string }> = {
  mp3: { label: 'MP3', detail: 'Small, plays everywhere', contentType: 'audio/mpeg' },
  wav: { label: 'WAV', detail: 'Uncompressed, for editing', contentType: 'audio/wav' },
  opus: { label: 'Opus', detail: 'Smallest, for the web', contentType: 'audio/ogg; codecs=opus' },
  flac: { label: 'FLAC', detail: 'Lossless, half of WAV', contentType: 'audio/flac' },
  aac: { label: 'AAC', detail: 'Small, for video and broadcasting', contentType: 'audio/aac' },
  pcm: { label: 'PCM', detail: 'Raw 16-bit samples, for programs', contentType: 'audio/pcm' },
  ulaw: { label: 'µ-law', detail: 'Raw, for telephones in America and Japan', contentType: 'audio/PCMU' },
  alaw: { label: 'A-law', detail: 'Raw, for telephones elsewhere', contentType: 'audio/PCMA' },
}

export const audioFormats = Object.keys(formats) as AudioFormat[]

export const formatOptions = audioFormats.map((value) => ({ value, ...formats[value] }))

const raw: readonly AudioFormat[] = ['pcm', 'ulaw', 'alaw']

export function isAudioFormat(value: unknown): value is AudioFormat {
  return typeof value === 'string' && Object.hasOwn(formats, value)
}

/**
 * The format to play a generation in: its own where this browser can, else MP3, which every browser can.
 *
 * @param canPlay `HTMLMediaElement.canPlayType`, which answers an empty string for “no”.
 */
export function playableFormat(own: AudioFormat, canPlay: (contentType: string) => string): AudioFormat {
  return !raw.includes(own) && canPlay(formats[own].contentType) !== '' ? own : 'mp3'
}
