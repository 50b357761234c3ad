import { readFile } from 'node:fs/promises'
import { createEncoder } from 'wasm-media-encoders'
import { type CreateEncoder, concat } from './encoder.ts'
import { id3 } from './id3.ts'
import { infoFrame } from './mp3-info.ts'

const mimeType = 'audio/mpeg'
const rates = [8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] as const
const bitRates = [16, 24, 32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320] as const

/**
 * What LAME makes of an amplitude at a constant bit rate, for fear of decoders that clip: the column `scale` of its presets.c
 * (3.99.5). What is encoded here has to be as loud as it was made, so it is given that much louder.
 */
const scaleOf = (bitRate: (typeof bitRates)[number]): number => {
  if (bitRate < 192) return 0.95
  if (bitRate < 224) return 0.97
  return bitRate < 256 ? 0.98 : 1
}

// Compiled by the first encoder of a thread; the package's own createMp3Encoder compiles it again for each.
let codec: Parameters<typeof createEncoder>[1] | undefined

/**
 * LAME, built for wasm-media-encoders with vector instructions: its own build takes 2.6 times as long. A file of its own, which
 * whoever has another LAME may replace.
 */
const lameFile = new URL('../../lame/lame.wasm', import.meta.url)

/**
 * MP3 by LAME at a constant bit rate, in front of it the tag and the frame that tells a player what to cut off at both ends. It
 * takes 1.0 ms for a second of audio at 16 kHz, and 1.3 at 24, of which wasm-media-encoders' own LAME takes 2.7 and 3.2: nothing
 * quicker is to be had from npm (decision 35).
 */
export const createMp3Encoder: CreateEncoder = async ({ samples, sampleRate: given, bitRate, tags }) => {
  const sampleRate = rates.find((rate) => rate === given)
  const bitrate = bitRates.find((rate) => rate === bitRate)
  if (!sampleRate || !bitrate) throw new RangeError(`LAME makes no MP3 of ${bitRate} kbit/s at ${given} Hz`)
  codec ??= await readFile(lameFile)
  const lame = await createEncoder(mimeType, codec, (module) => {
    codec = module
  })
  const scale = 1 / (32_768 * scaleOf(bitrate))
  lame.configure({ channels: 1, sampleRate, outputSampleRate: sampleRate, bitrate })
  return {
    header: concat([id3(tags), infoFrame(typeof samples === 'number' ? samples : null, sampleRate, bitrate)]),
    encode(input) {
      const scaled = new Float32Array(input.length)
      for (let n = 0; n < input.length; n++) scaled[n] = (input[n] as number) * scale
      return concat([lame.encode([scaled])])
    },
    finish: () => concat([lame.finalize()]),
    // Each encoder has a WebAssembly memory of its own, which goes with it.
    free: () => {},
  }
}
