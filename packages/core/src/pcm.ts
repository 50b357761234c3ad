const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Samples as raw audio has them: signed 16-bit, little endian. Where the machine has them so, they are not copied. */
export function littleEndianBytes(samples: Int16Array): Uint8Array {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  return isLittleEndian ? bytes : Buffer.from(bytes).swap16()
}

/**
 * Gives the memory of audio back at once that nobody needs any more, and whoever looks at it finds it empty: left to the
 * garbage collector, it would be most of what a worker grows by.
 */
export function giveBack({ buffer }: Uint8Array): void {
  // What is small may lie in memory that Node shares out.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}
