/** A number as so many bytes, the highest first. What does not fit is cut off. */
export function bigEndian(bytes: number, value: number | bigint): Buffer<ArrayBuffer> {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => byteOf(value, bytes - 1 - index)))
}

/** A number as so many bytes, the lowest first. What does not fit is cut off. */
export function littleEndian(bytes: number, value: number | bigint): Buffer<ArrayBuffer> {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => byteOf(value, index)))
}

/** Characters as a byte each. */
export const ascii = (text: string): Buffer<ArrayBuffer> => Buffer.from(text, 'latin1')

/** The same bytes with some of them replaced. */
export function patched(
  bytes: Uint8Array,
  position: number,
  ...replacements: readonly Uint8Array[]
): Buffer<ArrayBuffer> {
  const copy = Buffer.from(bytes)
  Buffer.concat(replacements).copy(copy, position)
  return copy
}

const byteOf = (value: number | bigint, index: number) => Number((BigInt(value) >> BigInt(8 * index)) & 255n)
