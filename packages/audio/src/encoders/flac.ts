import libflac from 'libflacjs'
import { outputSampleRate } from '../format.ts'
import { type CreateEncoder, concat } from './encoder.ts'

// The asm.js build: the WebAssembly build is loaded with `fetch`, which Node does not do for a file.
const flac = libflac('release')
const compressionLevel = 5

/**
 * FLAC whose STREAMINFO has the exact number of samples. It has no MD5 of the audio, which is known only at the end: the
 * format allows that, and `flac --test` mentions it.
 */
export const createFlacEncoder: CreateEncoder = (samples) => {
  const encoder = flac.create_libflac_encoder(outputSampleRate, 1, 16, compressionLevel, samples, false)
  if (encoder === 0) throw new Error('libFLAC has no memory for another encoder')
  let parts: Uint8Array[] = []
  const take = () => {
    const taken = concat(parts)
    parts = []
    return taken
  }
  const status = flac.init_encoder_stream(encoder, (data) => void parts.push(data))
  if (status !== 0) throw new Error(`libFLAC did not begin: status ${status}`)
  return {
    header: take(),
    encode(input) {
      if (!flac.FLAC__stream_encoder_process_interleaved(encoder, Int32Array.from(input), input.length)) {
        throw new Error(`libFLAC did not encode: state ${flac.FLAC__stream_encoder_get_state(encoder)}`)
      }
      return take()
    },
    finish() {
      if (!flac.FLAC__stream_encoder_finish(encoder)) {
        throw new Error(`libFLAC did not finish: state ${flac.FLAC__stream_encoder_get_state(encoder)}`)
      }
      return take()
    },
    free: () => void flac.FLAC__stream_encoder_delete(encoder),
  }
}
