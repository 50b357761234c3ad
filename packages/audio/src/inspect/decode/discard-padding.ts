import type { Bytes } from '../descriptor.ts'

const discardPadding = 0x75a2
/** What may stand between a block and its padding (RFC 9559, section 5.1.3.5). */
const others: ReadonlySet<number> = new Set([0x9b, 0xfb, 0x75a1, 0xfa, 0xa4])
/** Behind the last block there are at most an index and tags. */
const tailBytes = 2 ** 20
const longestGroup = 1024

/** How much of what the last block of a WebM decodes to is to be cut off, in seconds. */
export function readDiscardPadding(bytes: Bytes, lastBlock: Uint8Array): number {
  const tail = Buffer.from(bytes.read(Math.max(0, bytes.size - tailBytes), tailBytes).buffer)
  const block = tail.lastIndexOf(lastBlock)
  if (block === -1 || lastBlock.length === 0) return 0
  const group = tail.subarray(block + lastBlock.length, block + lastBlock.length + longestGroup)
  for (let position = 0; position + 3 <= group.length; ) {
    const idLength = Math.clz32(group.readUInt8(position)) - 23
    if (idLength > 2) return 0
    const id = group.readUIntBE(position, idLength)
    const length = group.readUInt8(position + idLength) & 127
    const value = position + idLength + 1
    if (id === discardPadding) {
      const isWhole = length >= 1 && length <= 6 && value + length <= group.length
      return isWhole ? Math.max(0, group.readIntBE(value, length) / 1e9) : 0
    }
    if (!others.has(id)) return 0
    position = value + length
  }
  return 0
}
