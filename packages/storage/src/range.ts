/** Of an object's bytes, from `start` to `end`, both inclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** @throws {RangeError} for what is no range, which is a bug of the caller. */
export function checkRange({ start, end }: ByteRange): void {
  if (!(start >= 0 && end >= start)) throw new RangeError(`${start}-${end} is no range of bytes`)
}
