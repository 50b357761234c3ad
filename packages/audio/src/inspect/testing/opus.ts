import { concat } from '../../encoders/encoder.ts'
import { createOggPager } from '../../encoders/ogg.ts'
import { ascii, littleEndian } from './bytes.ts'

/** 60 ms of nothing in one byte: a packet that says how long it is, and holds no frame. */
export const emptyPacket = Uint8Array.from([0x18])
/** 120 ms, as much as a packet can have, in two. */
export const longestEmptyPacket = Uint8Array.from([0x1b, 2])

/** The identification header of RFC 7845. */
export function opusHead({
  channels = 1,
  preSkip = 312,
  mapping = Uint8Array.from([0]),
}: {
  readonly channels?: number
  readonly preSkip?: number
  /** Family, and what it needs. */
  readonly mapping?: Uint8Array
} = {}): Buffer<ArrayBuffer> {
  return Buffer.concat([
    ascii('OpusHead'),
    Buffer.from([1, channels]),
    littleEndian(2, preSkip),
    littleEndian(4, 48_000),
    littleEndian(2, 0),
    mapping,
  ])
}

/**
 * @param granules that each packet counts as. Default: those of 60 ms
 * @param lastPosition what the last page says of itself. Default: the truth
 */
export function makeOggOpus(
  packets: readonly Uint8Array[],
  {
    head = opusHead(),
    granules = 2880,
    lastPosition = packets.length * granules,
  }: { readonly head?: Uint8Array; readonly granules?: number; readonly lastPosition?: number } = {},
): Buffer<ArrayBuffer> {
  const pager = createOggPager()
  const tags = Buffer.concat([ascii('OpusTags'), littleEndian(4, 0), littleEndian(4, 0)])
  return Buffer.from(
    concat([
      pager.add(head, 0),
      pager.flush(),
      pager.add(tags, 0),
      pager.flush(),
      ...packets.map((packet, index) =>
        pager.add(packet, index === packets.length - 1 ? lastPosition : (index + 1) * granules),
      ),
      pager.flush({ last: true }),
    ]).buffer,
  )
}
