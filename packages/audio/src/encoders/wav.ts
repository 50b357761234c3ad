import type { TagTexts } from '../tags.ts'
import { type CreateEncoder, concat } from './encoder.ts'
import { createPcmEncoder } from './pcm.ts'

const bytesPerSample = 2
const headerBytes = 44
const pcmFormat = 1
/** The most that RIFF can say of its own length. */
const largestFile = 0xffff_ffff + 8

/**
 * RIFF with the 44-byte header that every player reads; what it says of itself stands behind the samples. Longer than a RIFF
 * file can be, it says the most it can, and nothing of itself.
 */
export const createWavEncoder: CreateEncoder = async (options) => {
  const { samples, sampleRate, tags } = options
  const largest = 0xffff_ffff - headerBytes
  const dataBytes = Math.min(samples * bytesPerSample, largest - (largest % bytesPerSample))
  const all = info(tags)
  const list = headerBytes + samples * bytesPerSample + all.length <= largestFile ? all : new Uint8Array()
  const header = new DataView(new ArrayBuffer(headerBytes))
  const text = (offset: number, word: string) => {
    for (let index = 0; index < word.length; index++) header.setUint8(offset + index, word.charCodeAt(index))
  }
  text(0, 'RIFF')
  header.setUint32(4, headerBytes - 8 + dataBytes + list.length, true)
  text(8, 'WAVEfmt ')
  header.setUint32(16, 16, true)
  header.setUint16(20, pcmFormat, true)
  header.setUint16(22, 1, true)
  header.setUint32(24, sampleRate, true)
  header.setUint32(28, sampleRate * bytesPerSample, true)
  header.setUint16(32, bytesPerSample, true)
  header.setUint16(34, bytesPerSample * 8, true)
  text(36, 'data')
  header.setUint32(40, dataBytes, true)
  return { ...(await createPcmEncoder(options)), header: new Uint8Array(header.buffer), finish: () => list }
}

/** A LIST chunk of type INFO. */
function info({ title, voice, comment, maker }: TagTexts): Uint8Array<ArrayBuffer> {
  const texts = Object.entries({ INAM: title, IART: voice, ICMT: comment, ISFT: maker })
  const chunks = texts.flatMap(([id, value]) =>
    value === undefined ? [] : chunk(id, new TextEncoder().encode(`${value}\0`)),
  )
  return chunk('LIST', concat([new TextEncoder().encode('INFO'), ...chunks]))
}

/** A chunk begins on an even byte: what follows an odd one is preceded by a byte that counts for neither. */
function chunk(id: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + content.length + (content.length % 2))
  bytes.set(new TextEncoder().encode(id))
  new DataView(bytes.buffer).setUint32(4, content.length, true)
  bytes.set(content, 8)
  return bytes
}
