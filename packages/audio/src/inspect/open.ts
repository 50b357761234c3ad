import type { Pipes } from './decode/aac.ts'
import { lastPosition } from './decode/ogg-pages.ts'
import type { Bytes } from './descriptor.ts'
import { InspectionRefusal } from './refusal.ts'
import { sniff } from './sniff.ts'
import type { Sound } from './sound.ts'

/**
 * Finds what a file is and begins to decode it. Demuxers and decoders are loaded when there is something for them: it takes
 * longer than to decode a short file.
 *
 * @param takesAac whether this machine has what decodes AAC
 * @param pipes to and from it, where the file may need it
 * @throws InspectionRefusal, or whatever a decoder throws at what it cannot decode
 */
export async function open(bytes: Bytes, takesAac: boolean, pipes: Pipes | undefined): Promise<Sound> {
  const accepted = takesAac ? 'wav, mp3, flac, ogg, webm, m4a or aac' : 'wav, mp3, flac, ogg or webm'
  const { container, start } = sniff(bytes, accepted)

  switch (container) {
    case 'wav': {
      const { openWav } = await import('./decode/wav.ts')
      return openWav(bytes)
    }
    case 'flac': {
      const { openFlac } = await import('./decode/flac.ts')
      return await openFlac(bytes, start)
    }
    case 'mp3': {
      const { openMp3 } = await import('./decode/mp3.ts')
      return await openMp3(bytes, start, accepted)
    }
    case 'ogg':
      return await openOgg(bytes, accepted)
    case 'webm': {
      const { openMedia } = await import('./media.ts')
      const media = await openMedia('webm', bytes, ['opus', 'vorbis'], accepted)
      if (media.codec === 'opus') {
        const { openOpus } = await import('./decode/opus.ts')
        return await openOpus('webm', media)
      }
      const { openWebmVorbis } = await import('./decode/vorbis.ts')
      return await openWebmVorbis(media)
    }
    case 'm4a': {
      const { openMedia } = await import('./media.ts')
      const media = await openMedia('m4a', bytes, pipes ? ['opus', 'aac'] : ['opus'], accepted)
      const { readTimes } = await import('./decode/mp4.ts')
      const times = readTimes(bytes)
      if (media.codec === 'aac' && pipes) {
        const { openAac } = await import('./decode/aac.ts')
        return await openAac('m4a', media, pipes, times)
      }
      const { openOpus } = await import('./decode/opus.ts')
      return await openOpus('m4a', media, times)
    }
    case 'aac': {
      if (!pipes) throw new InspectionRefusal('audio_unsupported', `The file has aac in aac; give ${accepted}.`)
      const { openMedia } = await import('./media.ts')
      const { openAac } = await import('./decode/aac.ts')
      return await openAac('aac', await openMedia('aac', bytes, ['aac'], accepted), pipes, undefined)
    }
  }
}

async function openOgg(bytes: Bytes, accepted: string): Promise<Sound> {
  // The first packet begins behind the lengths of the first page's segments, of which there are so many.
  const start = 27 + (bytes.read(26, 1)[0] ?? 0)
  const magic = Buffer.from(bytes.read(start, 7)).toString('latin1')
  if (magic.length < 7) {
    throw new InspectionRefusal('audio_undecodable', `The file ends in its head, after ${bytes.size} bytes.`)
  }
  const position = lastPosition(bytes)
  if (magic.startsWith('\x7fFLAC')) {
    const { openOggFlac } = await import('./decode/flac.ts')
    return await openOggFlac(bytes, start)
  }
  const codec = magic === 'OpusHea' ? 'opus' : magic === '\x01vorbis' ? 'vorbis' : undefined
  if (!codec) {
    const others = 'neither Opus, Vorbis nor FLAC'
    throw new InspectionRefusal('audio_unsupported', `The file has ${others} in ogg; give ${accepted}.`)
  }
  const { openMedia } = await import('./media.ts')
  const media = await openMedia('ogg', bytes, [codec], accepted)
  if (codec === 'opus') {
    const { openOggOpus } = await import('./decode/opus.ts')
    return await openOggOpus(media, position)
  }
  const { openVorbis } = await import('./decode/vorbis.ts')
  return await openVorbis(bytes, media, position)
}
