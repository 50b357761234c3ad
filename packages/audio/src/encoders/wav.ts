import { outputSampleRate } from '../format.ts'
import type { CreateEncoder } from './encoder.ts'
import { createPcmEncoder } from './pcm.ts'

const bytesPerSample = 2
const headerBytes = 44
const pcmFormat = 1

/** RIFF with the 44-byte header that every player reads. Longer than a RIFF file can be, it says the most it can. */
export const createWavEncoder: CreateEncoder = async (samples) => {
  const largest = 0xffff_ffff - headerBytes
  const dataBytes = Math.min(samples * bytesPerSample, largest - (largest % bytesPerSample))
  const header = new DataView(new ArrayBuffer(headerBytes))
  const text = (offset: number, word: string) => {
    for (let index = 0; index < word.length; index++) header.setUint8(offset + index, word.charCodeAt(index))
  }
  text(0, 'RIFF')
  header.setUint32(4, headerBytes - 8 + dataBytes, true)
  text(8, 'WAVEfmt ')
  header.setUint32(16, 16, true)
  header.setUint16(20, pcmFormat, true)
  header.setUint16(22, 1, true)
  header.setUint32(24, outputSampleRate, true)
  header.setUint32(28, outputSampleRate * bytesPerSample, true)
  header.setUint16(32, bytesPerSample, true)
  header.setUint16(34, bytesPerSample * 8, true)
  text(36, 'data')
  header.setUint32(40, dataBytes, true)
  return { ...(await createPcmEncoder(samples)), header: new Uint8Array(header.buffer) }
}
