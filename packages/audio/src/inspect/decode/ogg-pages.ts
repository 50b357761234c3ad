import type { Bytes } from '../descriptor.ts'
import { InspectionRefusal } from '../refusal.ts'

const headBytes = 27
const beginsStream = 2
const unknownPosition = -1n
/** A file whose first sound is later is a part of something longer, such as a broadcast: a minute and a half at 48 kHz. */
const latestBegin = 2 ** 22
/** What may be left over behind the last page. */
const mostLeftOver = 65_536

/**
 * Goes through the pages of an Ogg (RFC 3533) by their lengths, and answers the position that the last of them claims in the
 * file's first stream, in samples; `null` where it claims none that could be compared.
 *
 * @throws InspectionRefusal `audio_mislabeled` when the file ends within a page, or has much that is no page,
 * `audio_unsupported` when another stream begins where one has been
 */
export function lastPosition(bytes: Bytes): number | null {
  const serialNumber = new DataView(bytes.read(0, headBytes).buffer).getUint32(14, true)
  let first: bigint | null = null
  let last: bigint | null = null
  let start = 0
  let headersOnly = true
  while (start < bytes.size) {
    const head = bytes.read(start, headBytes + 255)
    if (head.length < headBytes || Buffer.from(head.buffer, 0, 4).toString('latin1') !== 'OggS') break
    const view = new DataView(head.buffer)
    const segments = head.subarray(headBytes, headBytes + view.getUint8(26))
    const end = start + headBytes + view.getUint8(26) + segments.reduce((sum, length) => sum + length, 0)
    if (end > bytes.size) {
      throw new InspectionRefusal(
        'audio_mislabeled',
        `The file says that its last page ends at byte ${end}, and has ${bytes.size} bytes: the end is missing.`,
      )
    }
    const begins = (view.getUint8(5) & beginsStream) !== 0
    if (begins && !headersOnly) {
      throw new InspectionRefusal(
        'audio_unsupported',
        `The file has one stream behind the other, the second from byte ${start} on; give it with one.`,
      )
    }
    headersOnly = begins
    const position = view.getBigInt64(6, true)
    if (view.getUint32(14, true) === serialNumber && position !== unknownPosition && position !== 0n) {
      first ??= position
      last = position
    }
    start = end
  }
  if (bytes.size - start > mostLeftOver) {
    throw new InspectionRefusal(
      'audio_mislabeled',
      `${bytes.size - start} of the file's ${bytes.size} bytes are not Ogg.`,
    )
  }
  return first === null || first > latestBegin ? null : Number(last)
}
