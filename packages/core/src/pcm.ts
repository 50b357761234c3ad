const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Samples as raw audio has them: signed 16-bit, little endian. Where the machine has them so, they are not copied. */
export function littleEndianBytes(samples: Int16Array): Uint8Array {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  return isLittleEndian ? bytes : Buffer.from(bytes).swap16()
}
