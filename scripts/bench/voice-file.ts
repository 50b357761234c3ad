const sampleRate = 96_000
const channels = 2
const sampleBytes = 4
const frameBytes = channels * sampleBytes
const headBytes = 44

/**
 * A WAV file of so many bytes, up to a frame, that is taken for a voice: a tone of 140 Hz in four syllables a second, and
 * some noise, so that no two are alike. In 32-bit floats at 96 kHz in stereo, so that of so many bytes as few samples as
 * possible are to be decoded and measured.
 *
 * @param bytes at least 800,000, for a second.
 */
export function voiceFile(bytes: number): Buffer<ArrayBuffer> {
  const frames = Math.floor((bytes - headBytes) / frameBytes)
  const samples = new Float32Array(frames * channels)
  for (let frame = 0; frame < frames; frame++) {
    const turns = (frame / sampleRate) * 2 * Math.PI
    const syllable = 0.5 + 0.5 * Math.sin(turns * 4)
    samples.fill(
      0.3 * syllable * Math.sin(turns * 140) + 0.01 * (Math.random() - 0.5),
      frame * channels,
      (frame + 1) * channels,
    )
  }
  const head = Buffer.alloc(headBytes)
  head.write('RIFF')
  head.writeUInt32LE(headBytes - 8 + samples.byteLength, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  // IEEE float.
  head.writeUInt16LE(3, 20)
  head.writeUInt16LE(channels, 22)
  head.writeUInt32LE(sampleRate, 24)
  head.writeUInt32LE(sampleRate * frameBytes, 28)
  head.writeUInt16LE(frameBytes, 32)
  head.writeUInt16LE(8 * sampleBytes, 34)
  head.write('data', 36)
  head.writeUInt32LE(samples.byteLength, 40)
  return Buffer.concat([head, new Uint8Array(samples.buffer)])
}
