import { concat } from './encoder.ts'

const headerBytes = 27
const mostSegments = 255
const fullSegment = 255
const beginsStream = 2
const endsStream = 4

/** Packs the packets of one stream into Ogg pages (RFC 3533). Packets never span pages. */
export interface OggPager {
  /** Adds a packet to the page being filled; gives the page before it when there was no more room. */
  add(packet: Uint8Array, granule: number): Uint8Array<ArrayBuffer>
  /** Closes the page being filled. */
  flush(options?: { readonly last: boolean }): Uint8Array<ArrayBuffer>
}

/**
 * Why not a library's muxer: those draw a random serial number, and the same audio encoded twice must be the same bytes,
 * or a download could not be resumed.
 */
export function createOggPager(): OggPager {
  const serialNumber = 1
  let sequence = 0
  let packets: Uint8Array[] = []
  let segments: number[] = []
  let granulePosition = 0

  const flush = ({ last } = { last: false }) => {
    const page = concat([new Uint8Array(headerBytes), Uint8Array.from(segments), ...packets])
    const view = new DataView(page.buffer)
    page.set(new TextEncoder().encode('OggS'))
    view.setUint8(5, (sequence === 0 ? beginsStream : 0) | (last ? endsStream : 0))
    view.setBigUint64(6, BigInt(granulePosition), true)
    view.setUint32(14, serialNumber, true)
    view.setUint32(18, sequence, true)
    view.setUint8(26, segments.length)
    view.setUint32(22, checksum(page), true)
    sequence++
    packets = []
    segments = []
    return page
  }

  return {
    add(packet, granule) {
      const lacing = Array.from({ length: Math.floor(packet.length / fullSegment) + 1 }, () => fullSegment)
      lacing[lacing.length - 1] = packet.length % fullSegment
      const full = segments.length + lacing.length > mostSegments ? flush() : new Uint8Array()
      packets.push(packet)
      segments.push(...lacing)
      granulePosition = granule
      return full
    },
    flush,
  }
}

const checksumTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 0x8000_0000 ? (remainder << 1) ^ 0x04c1_1db7 : remainder << 1
  return remainder
})

/** The checksum of RFC 3533: CRC-32 of polynomial 04c11db7, neither reflected nor inverted, as `zlib.crc32` is. */
function checksum(page: Uint8Array): number {
  let remainder = 0
  for (const byte of page) remainder = (remainder << 8) ^ (checksumTable[(remainder >>> 24) ^ byte] as number)
  return remainder >>> 0
}
