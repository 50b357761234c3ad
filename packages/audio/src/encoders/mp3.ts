import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createEncoder } from 'wasm-media-encoders'
import { outputSampleRate } from '../format.ts'
import { type CreateEncoder, concat } from './encoder.ts'
import { infoFrame } from './mp3-info.ts'

const kilobitsPerSecond = 64
const mimeType = 'audio/mpeg'

// Compiled by the first encoder of a thread; the package's own createMp3Encoder compiles it again for each.
let codec: Parameters<typeof createEncoder>[1] | undefined

/** MP3 by LAME at a constant bit rate, in front of it the frame that tells a player what to cut off at both ends. */
export const createMp3Encoder: CreateEncoder = async (samples) => {
  codec ??= await readFile(fileURLToPath(import.meta.resolve('wasm-media-encoders/wasm/mp3')))
  const lame = await createEncoder(mimeType, codec, (module) => {
    codec = module
  })
  lame.configure({ channels: 1, sampleRate: outputSampleRate, outputSampleRate, bitrate: kilobitsPerSecond })
  return {
    header: infoFrame(samples, kilobitsPerSecond),
    encode: (input) => concat([lame.encode([Float32Array.from(input, (sample) => sample / 32_768)])]),
    finish: () => concat([lame.finalize()]),
    // Each encoder has a WebAssembly memory of its own, which goes with it.
    free: () => {},
  }
}
