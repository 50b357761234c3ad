/** How long a WAV or FLAC file sounds, in seconds; `null` for anything else. */
export function secondsOf(bytes: Uint8Array): number | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (file.length > 44 && file.toString('latin1', 0, 4) === 'RIFF') return wavSeconds(file)
  if (file.length > 42 && file.toString('latin1', 0, 4) === 'fLaC') return flacSeconds(file)
  return null
}

function wavSeconds(file: Buffer): number | null {
  const byteRate = file.readUInt32LE(28)
  const data = file.indexOf('data', 12, 'latin1')
  return data === -1 || byteRate === 0 ? null : file.readUInt32LE(data + 4) / byteRate
}

/** STREAMINFO is always first: 20 bits of sample rate from its tenth byte on, 36 bits of length from the middle of its 13th. */
function flacSeconds(file: Buffer): number | null {
  const info = 8
  const sampleRate = file.readUIntBE(info + 10, 3) >> 4
  const samples = (file.readUInt8(info + 13) & 0x0f) * 2 ** 32 + file.readUInt32BE(info + 14)
  return sampleRate === 0 || samples === 0 ? null : samples / sampleRate
}
