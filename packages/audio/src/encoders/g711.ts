import type { CreateEncoder } from './encoder.ts'

/** µ-law of ITU-T G.711: a byte for a sample, in eight segments of which each is twice as steep as the last. */
export const createUlawEncoder: CreateEncoder = () => encoderOf(ulaw)

/** A-law of ITU-T G.711. */
export const createAlawEncoder: CreateEncoder = () => encoderOf(alaw)

/** @param code the byte of each sample, by its 16 bits */
function encoderOf(code: Uint8Array) {
  return {
    header: new Uint8Array(),
    encode(samples: Int16Array<ArrayBuffer>) {
      const bytes = new Uint8Array(samples.length)
      for (let n = 0; n < bytes.length; n++) bytes[n] = code[(samples[n] as number) & 0xffff] as number
      return bytes
    },
    finish: () => new Uint8Array(),
    free: () => {},
  }
}

const ulaw = table((sample) => {
  const bias = 0x84
  const largest = 0x7fff - bias
  const magnitude = Math.min(largest, Math.abs(sample)) + bias
  const segment = 24 - Math.clz32(magnitude)
  const step = (magnitude >> (segment + 3)) & 15
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | step) & 0xff
})

const alaw = table((sample) => {
  const magnitude = (sample < 0 ? ~sample : sample) >> 3
  const segment = Math.max(0, 27 - Math.clz32(magnitude))
  const step = (segment === 0 ? magnitude >> 1 : magnitude >> segment) & 15
  return ((sample < 0 ? 0 : 0x80) | (segment << 4) | step) ^ 0x55
})

function table(code: (sample: number) => number): Uint8Array {
  return Uint8Array.from({ length: 0x1_0000 }, (_, bits) => code((bits << 16) >> 16))
}
