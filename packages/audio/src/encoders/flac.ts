import libflac from 'libflacjs'
import { type CreateEncoder, concat } from './encoder.ts'
import { vorbisComment } from './vorbis-comment.ts'

// The asm.js build: the WebAssembly build is loaded with `fetch`, which Node does not do for a file.
const flac = libflac('release')
const compressionLevel = 5
/** How STREAMINFO says that it does not know the number of samples. */
const unknownSamples = 0

/**
 * FLAC whose STREAMINFO has the exact number of samples, where it is known. It has no MD5 of the audio, which is known only at the end: the
 * format allows that, and `flac --test` mentions it.
 */
export const createFlacEncoder: CreateEncoder = ({ samples, sampleRate, tags }) => {
  const total = typeof samples === 'number' ? samples : unknownSamples
  const encoder = flac.create_libflac_encoder(sampleRate, 1, 16, compressionLevel, total, false)
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
    header: tagged(take(), (vendor) => vorbisComment(vendor, tags)),
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

const markerBytes = 4
const blockHeaderBytes = 4
const vorbisCommentBlock = 4
const lastBlock = 0x80

/** The marker and the metadata blocks as libFLAC began them, with another comment in place of its own, and as the last. */
function tagged(begun: Uint8Array, comment: (vendor: string) => Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(begun.buffer, begun.byteOffset, begun.byteLength)
  const parts = [begun.subarray(0, markerBytes)]
  let vendor = 'libFLAC'
  for (let offset = markerBytes; offset < begun.length; ) {
    const header = view.getUint32(offset)
    const type = (header >>> 24) & ~lastBlock
    const content = begun.subarray(offset + blockHeaderBytes, offset + blockHeaderBytes + (header & 0xff_ffff))
    if (type !== vorbisCommentBlock) parts.push(block(type, content))
    else vendor = new TextDecoder().decode(content.subarray(4, 4 + view.getUint32(offset + blockHeaderBytes, true)))
    offset += blockHeaderBytes + content.length
  }
  return concat([...parts, block(lastBlock | vorbisCommentBlock, comment(vendor))])
}

function block(type: number, content: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(blockHeaderBytes))
  header.setUint32(0, content.length)
  header.setUint8(0, type)
  return concat([new Uint8Array(header.buffer), content])
}
