/** Less than this is not worth the call, and may be a piece of something that is used again. */
const leastBytes = 16 << 10

/**
 * Gives the memory of a chunk back that nobody looks at any more, unless others are in it as well. Left to the garbage
 * collector, what passes from and to connections makes it go through all of the heap every few megabytes: a third of what a
 * transfer costs in CPU time, and most of what the process grows by.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < leastBytes || byteLength !== buffer.byteLength) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
