import type { CreateEncoder } from './encoder.ts'

/** Samples as they are. Every machine Node runs on is little endian or emulated, and so are these. */
export const createPcmEncoder: CreateEncoder = () => ({
  header: new Uint8Array(),
  encode: (samples) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength),
  finish: () => new Uint8Array(),
  free: () => {},
})
