import type { Bytes } from '../descriptor.ts'
import { InspectionRefusal } from '../refusal.ts'

const headId = 0x1a45dfa3
const segmentId = 0x18538067
const clusterId = 0x1f43b675
/** What may stand in a segment, in a cluster, and anywhere (RFC 9559, section 5.1, and RFC 8794, section 11.3). */
const inSegment: ReadonlySet<number> = new Set([
  ...[0x114d9b74, 0x1549a966, 0x1654ae6b, clusterId],
  ...[0x1c53bb6b, 0x1941a469, 0x1043a770, 0x1254c367],
])
const inCluster: ReadonlySet<number> = new Set([0xe7, 0xa3, 0xa0, 0xa7, 0xab, 0xaf, 0x5854])
const anywhere: ReadonlySet<number> = new Set([0xec, 0xbf])
/** What may be left over behind the last element. */
const mostLeftOver = 65_536

/**
 * The part of a WebM or Matroska file that is one: a head, and a segment of elements that are known, one behind the other.
 * Anywhere else the demuxer would look for more elements, and may do so for ever.
 *
 * @throws InspectionRefusal `audio_mislabeled` when the file ends within an element, or has much that is none
 */
export function wellFormed(bytes: Bytes): Bytes {
  const read = createReader(bytes)
  const head = read(0)
  let end = head?.id === headId ? (head.end ?? head.start) : 0
  const segment = read(end)
  if (segment?.id === segmentId) end = endOfElements(read, segment)
  if (end > bytes.size) {
    throw new InspectionRefusal(
      'audio_mislabeled',
      `The file says that it ends at byte ${end}, and has ${bytes.size} bytes: the end is missing.`,
    )
  }
  if (bytes.size - end > mostLeftOver) {
    const left = `${bytes.size - end} of the file's ${bytes.size} bytes`
    throw new InspectionRefusal('audio_mislabeled', `${left} are not WebM.`)
  }
  return { size: end, read: (position, length) => bytes.read(position, Math.min(length, end - position)) }
}

interface Element {
  readonly id: number
  /** Of its content. */
  readonly start: number
  /** `null` where that is for what follows to tell. */
  readonly end: number | null
}

type Read = (position: number) => Element | undefined

/** Where a segment ends, or the last element of it that is one. */
function endOfElements(read: Read, segment: Element): number {
  let position = segment.start
  let isInCluster = false
  while (position < (segment.end ?? Infinity)) {
    const element = read(position)
    if (!element) break
    if (inSegment.has(element.id)) isInCluster = false
    else if (!anywhere.has(element.id) && !(isInCluster && inCluster.has(element.id))) break
    if (element.end === null) {
      if (element.id !== clusterId) break
      isInCluster = true
    }
    position = element.end ?? element.start
  }
  return position
}

const windowBytes = 65_536
const longestHead = 12

/** Reads the heads of elements: an id of one to four bytes and a length of one to eight. */
function createReader(bytes: Bytes): Read {
  let window = Buffer.alloc(0)
  let windowStart = 0
  return (position) => {
    if (position < windowStart || position + longestHead > windowStart + window.length) {
      window = Buffer.from(bytes.read(position, windowBytes).buffer)
      windowStart = position
    }
    const at = position - windowStart
    const idLength = Math.clz32(window[at] ?? 0) - 23
    const lengthLength = Math.clz32(window[at + idLength] ?? 0) - 23
    const start = at + idLength + lengthLength
    if (idLength > 4 || lengthLength > 8 || start > window.length) return undefined
    // Its highest bit says how many bytes it has.
    const bits = 7 * lengthLength
    const length = window
      .subarray(at + idLength, start)
      .reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & (2 ** (8 - lengthLength) - 1) : byte), 0)
    return {
      id: window.readUIntBE(at, idLength),
      start: windowStart + start,
      end: length >= 2 ** bits - 1 ? null : windowStart + start + length,
    }
  }
}
