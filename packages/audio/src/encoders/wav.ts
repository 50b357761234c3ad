import type { TagTexts } from '../tags.ts'
import { type CreateEncoder, concat } from './encoder.ts'
import { createPcmEncoder } from './pcm.ts'

const bytesPerSample = 2
const headerBytes = 44
const pcmFormat = 1
/** The most that RIFF can say of a length, and what players take for as long as it comes. */
const unknownBytes = 0xffff_ffff
const largestFile = unknownBytes + 8

/**
 * RIFF with the 44-byte header that every player reads; what it says of itself stands behind the samples. Longer than a RIFF
 * file can be, it says the most it can, and nothing of itself; nor does it where its length is never said, as it would be heard.
 */
export const createWavEncoder: CreateEncoder = async (options) => {
  const { samples, sampleRate, tags } = options
  const all = info(tags)
  const listFor = (dataBytes: number) => (headerBytes + dataBytes + all.length <= largestFile ? all : new Uint8Array())
  const sizes = () => {
    if (typeof samples !== 'number') return { riff: unknownBytes, data: unknownBytes }
    const largest = unknownBytes - headerBytes
    const data = Math.min(samples * bytesPerSample, largest - (largest % bytesPerSample))
    return { riff: headerBytes - 8 + data + listFor(samples * bytesPerSample).length, data }
  }
  const { riff, data } = sizes()
  const header = new DataView(new ArrayBuffer(headerBytes))
  const text = (offset: number, word: string) => {
    for (let index = 0; index < word.length; index++) header.setUint8(offset + index, word.charCodeAt(index))
  }
  text(0, 'RIFF')
  header.setUint32(4, riff, true)
  text(8, 'WAVEfmt ')
  header.setUint32(16, 16, true)
  header.setUint16(20, pcmFormat, true)
  header.setUint16(22, 1, true)
  header.setUint32(24, sampleRate, true)
  header.setUint32(28, sampleRate * bytesPerSample, true)
  header.setUint16(32, bytesPerSample, true)
  header.setUint16(34, bytesPerSample * 8, true)
  text(36, 'data')
  header.setUint32(40, data, true)
  const pcm = await createPcmEncoder(options)
  let dataBytes = 0
  return {
    ...pcm,
    header: new Uint8Array(header.buffer),
    encode(input) {
      dataBytes += input.byteLength
      return pcm.encode(input)
    },
    finish() {
      if (samples === 'never') return new Uint8Array()
      return listFor(typeof samples === 'number' ? samples * bytesPerSample : dataBytes)
    },
  }
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
