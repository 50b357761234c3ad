import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createOggPager } from './ogg.ts'

test('the packets can be taken out of the pages again, whatever their sizes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 1275 }), { minLength: 1, maxLength: 400 }), (packets) => {
      const pager = createOggPager()
      const pages = [...packets.map((packet, index) => pager.add(packet, index)), pager.flush({ last: true })]
      const read = readPages(Buffer.concat(pages))
      expect(read.flatMap((page) => page.packets)).toEqual(packets.map((packet) => Buffer.from(packet)))
      expect(read.map((page) => page.sequence)).toEqual(read.map((_, index) => index))
      expect(read.map((page) => page.begins)).toEqual(read.map((_, index) => index === 0))
      expect(read.map((page) => page.ends)).toEqual(read.map((_, index) => index === read.length - 1))
      let before = 0
      for (const { granule, packets: inPage } of read) {
        before += inPage.length
        expect(granule).toBe(BigInt(before - 1))
      }
    }),
    { numRuns: 50 },
  )
})

function readPages(bytes: Buffer) {
  const pages = []
  for (let offset = 0; offset < bytes.length; ) {
    expect(bytes.toString('latin1', offset, offset + 4)).toBe('OggS')
    const flags = bytes.readUInt8(offset + 5)
    const segments = bytes.subarray(offset + 27, offset + 27 + bytes.readUInt8(offset + 26))
    const packets: Buffer[] = []
    let at = offset + 27 + segments.length
    let length = 0
    for (const segment of segments) {
      length += segment
      if (segment < 255) {
        packets.push(bytes.subarray(at, at + length))
        at += length
        length = 0
      }
    }
    const granule = bytes.readBigUInt64LE(offset + 6)
    const sequence = bytes.readUInt32LE(offset + 18)
    pages.push({ packets, granule, sequence, begins: (flags & 2) !== 0, ends: (flags & 4) !== 0 })
    offset = at
  }
  return pages
}
