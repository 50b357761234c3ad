import { Application, createEncoder, loadLibopus } from 'libopus-wasm'
import { type CreateEncoder, concat } from './encoder.ts'
import { createOggPager } from './ogg.ts'
import { vorbisComment } from './vorbis-comment.ts'

// Granule positions and pre-skip count at 48 kHz whatever the rate of the input (RFC 7845).
const granulesPerSecond = 48_000
const packetSeconds = 0.02
const rates = [8000, 16_000, 24_000, 48_000] as const
// One second: little is held back from a listener, and the overhead of the pages is 1 %.
const packetsPerPage = 50

/** Opus in Ogg. Pre-skip and the last granule position make the decoded audio exactly as long as what was encoded. */
export const createOpusEncoder: CreateEncoder = async ({ sampleRate: given, bitRate, tags }) => {
  const sampleRate = rates.find((rate) => rate === given)
  if (sampleRate === undefined || bitRate === null)
    throw new RangeError(`Opus has no ${given} Hz, or no bit rate was given`)
  const granulesPerSample = granulesPerSecond / sampleRate
  const packetSamples = sampleRate * packetSeconds
  const { version } = await loadLibopus()
  const opus = await createEncoder({
    application: Application.Audio,
    channels: 1,
    sampleRate,
    frameSize: packetSamples,
    bitrate: bitRate * 1000,
  })
  const lookaheadSamples = opus.getLookahead()
  const pager = createOggPager()
  const packet = new Int16Array(packetSamples)
  let samples = 0
  let filled = 0
  let packets = 0

  const encodePacket = (end: number, isLast: boolean) => {
    packets++
    const pages = [pager.add(opus.encode(packet), end * granulesPerSample)]
    if (isLast || packets % packetsPerPage === 0) pages.push(pager.flush({ last: isLast }))
    filled = 0
    return pages
  }

  return {
    header: concat([
      pager.add(identificationHeader(lookaheadSamples * granulesPerSample, sampleRate), 0),
      pager.flush(),
      pager.add(concat([new TextEncoder().encode('OpusTags'), vorbisComment(version, tags)]), 0),
      pager.flush(),
    ]),
    encode(input) {
      const pages: Uint8Array[] = []
      let read = 0
      samples += input.length
      while (read < input.length) {
        const taken = Math.min(packetSamples - filled, input.length - read)
        packet.set(input.subarray(read, read + taken), filled)
        filled += taken
        read += taken
        // Never the last one: what the codec delays the audio by is still to come.
        if (filled === packetSamples) pages.push(...encodePacket((packets + 1) * packetSamples, false))
      }
      return concat(pages)
    },
    finish() {
      const pages: Uint8Array[] = []
      const ended = lookaheadSamples + samples
      const totalPackets = Math.max(1, Math.ceil(ended / packetSamples))
      while (packets < totalPackets) {
        packet.fill(0, filled)
        const isLast = packets + 1 === totalPackets
        pages.push(...encodePacket(isLast ? ended : (packets + 1) * packetSamples, isLast))
      }
      return concat(pages)
    },
    free: () => opus.free(),
  }
}

function identificationHeader(preSkip: number, sampleRate: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(19))
  new Uint8Array(header.buffer).set(new TextEncoder().encode('OpusHead'))
  header.setUint8(8, 1)
  header.setUint8(9, 1)
  header.setUint16(10, preSkip, true)
  header.setUint32(12, sampleRate, true)
  return new Uint8Array(header.buffer)
}
