import { fstatSync, readSync } from 'node:fs'

/** The bytes of an open file, wherever its position is. */
export interface Bytes {
  readonly size: number
  /** The bytes from `position` on; fewer than `length` where the file ends. */
  read(position: number, length: number): Uint8Array<ArrayBuffer>
}

/** @param descriptor of a file that can be read at any place */
export function openDescriptor(descriptor: number): Bytes {
  const { size } = fstatSync(descriptor)
  return {
    size,
    read(position, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)))
      let filled = 0
      while (filled < bytes.length) {
        const count = readSync(descriptor, bytes, filled, bytes.length - filled, position + filled)
        if (count === 0) return bytes.subarray(0, filled)
        filled += count
      }
      return bytes
    },
  }
}

/** Pieces of a file, one after the other. */
export function* pieces(bytes: Bytes, from: number, to: number, length: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let position = from; position < to; position += length) {
    const piece = bytes.read(position, Math.min(length, to - position))
    if (piece.length === 0) return
    yield piece
  }
}
