import { openAac, type Pipes } from './decode/aac.ts'
import { readEdit } from './decode/edit-list.ts'
import { openFlac, openOggFlac } from './decode/flac.ts'
import { openMp3 } from './decode/mp3.ts'
import { openOpus } from './decode/opus.ts'
import { openVorbis } from './decode/vorbis.ts'
import { openWav } from './decode/wav.ts'
import type { Bytes } from './descriptor.ts'
import { openMedia } from './media.ts'
import { InspectionRefusal } from './refusal.ts'
import { sniff } from './sniff.ts'
import type { Sound } from './sound.ts'

/**
 * Finds what a file is and begins to decode it.
 *
 * @param pipes to and from an ffmpeg, where there is one
 * @throws InspectionRefusal, or whatever a decoder throws at what it cannot decode
 */
export async function open(bytes: Bytes, pipes: Pipes | undefined): Promise<Sound> {
  const accepted = `wav, mp3, flac, ogg (Opus, Vorbis, FLAC)${pipes ? ', webm (Opus), m4a or aac' : ' or webm (Opus)'}`
  const { container, start } = sniff(bytes, accepted)
  const unsupported = (codec: string) =>
    new InspectionRefusal('audio_unsupported', `The file has ${codec} in ${container}; give ${accepted}.`)

  switch (container) {
    case 'wav':
      return openWav(bytes)
    case 'flac':
      return await openFlac(bytes, start)
    case 'mp3':
      return await openMp3(bytes, start)
    case 'ogg': {
      // Of the first page, whose first packet is short and begins behind one byte of segments.
      const magic = Buffer.from(bytes.read(28, 7)).toString('latin1')
      if (magic.endsWith('vorbis')) return await openVorbis(bytes)
      if (magic.startsWith('\x7fFLAC')) return await openOggFlac(bytes)
      if (magic === 'OpusHea') return await openOpus('ogg', await openMedia(bytes))
      throw unsupported('neither Opus, Vorbis nor FLAC')
    }
    case 'webm': {
      const media = await openMedia(bytes)
      if (media.codec !== 'opus') throw unsupported(media.codec)
      return await openOpus('webm', media)
    }
    case 'm4a': {
      const media = await openMedia(bytes)
      const edit = readEdit(bytes)
      if (media.codec === 'aac' && pipes) return await openAac('m4a', media, pipes, edit)
      if (media.codec !== 'opus') throw unsupported(media.codec)
      return await openOpus(
        'm4a',
        media,
        edit.seconds === null ? Infinity : Math.round(edit.seconds * media.sampleRate),
      )
    }
    case 'aac': {
      if (!pipes) throw unsupported('aac')
      return await openAac('aac', await openMedia(bytes), pipes, { from: 0, seconds: null })
    }
  }
}
