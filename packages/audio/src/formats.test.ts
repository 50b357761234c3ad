import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AssembleOptions, Assembler, Piece } from './assemble.ts'
import { createAssembler } from './assembler.ts'
import { assembly } from './assembly.ts'
import { type AudioFormat, audioFormatInfo, audioFormats } from './format.ts'
import { takenRates } from './output.ts'
import { adtsFrameSamples, bestLag, correlation, decodeAudio, ffmpegSamples, hasFfmpeg, speechLike } from './testing.ts'
import { isRaw, readHeader } from './testing-header.ts'

let assembler: Assembler
beforeAll(() => {
  assembler = createAssembler({ threads: 2 })
})
afterAll(() => assembler.close())

const lossy: readonly AudioFormat[] = ['mp3', 'opus', 'aac', 'ulaw', 'alaw']
const eachRate = audioFormats.flatMap((format) => takenRates(format).map((sampleRate) => ({ format, sampleRate })))
const eachBitRate = eachRate.flatMap(({ format, sampleRate }) =>
  (audioFormatInfo[format].rates[sampleRate]?.bitRates ?? []).map((bitRate) => ({ format, sampleRate, bitRate })),
)

describe.for(eachRate)('$format at $sampleRate Hz', ({ format, sampleRate }) => {
  const chapter = [16_000, 8000, 22_050, 24_000, 48_000].map((rate, index) =>
    piece(speechLike(rate, rate * 0.4 + index, 100 + 15 * index), { sampleRate: rate, pauseMs: 70 + index }),
  )
  const { samples, durationMs } = assembly(chapter, sampleRate)
  let bytes: Buffer<ArrayBuffer>
  let expected: Int16Array
  beforeAll(async () => {
    bytes = await encode(chapter, format, { sampleRate })
    expected = (await decodeAudio(await encode(chapter, 'pcm', { sampleRate }), 'pcm', sampleRate)).samples
  })

  test('decodes to the speech it was given', async () => {
    const decoded = await decodeAudio(bytes, format, sampleRate)
    const every = decoded.sampleRate / sampleRate
    expect(expected.length).toBe(samples)
    expectSpeech(format, expected, decoded.samples, sampleRate)
    if (format === 'aac') {
      // The last frame is filled up with silence.
      expect(decoded.samples.length - samples).toBeGreaterThanOrEqual(0)
      expect(decoded.samples.length - samples).toBeLessThan(adtsFrameSamples)
    } else {
      expect(decoded.samples.length).toBe(samples * every)
      expect(Math.abs(decoded.durationMs - durationMs)).toBeLessThan(1)
    }
  })

  test.skipIf(isRaw(format))('says how long it is, and at what rate', async () => {
    if (isRaw(format)) return
    const header = await readHeader(bytes, format)
    expect(header).toMatchObject({ channels: 1, sampleRate: format === 'opus' ? 48_000 : sampleRate })
    const said = format === 'aac' ? Math.ceil(samples / adtsFrameSamples) * adtsFrameSamples : samples
    expect(header.seconds * sampleRate).toBeCloseTo(said, 3)
  })

  test.skipIf(!hasFfmpeg())('is the same for ffmpeg', async () => {
    const decoded = ffmpegSamples(bytes, ...ffmpegInput(format, sampleRate))
    if (format === 'aac') {
      expect(decoded.length).toBe(Math.ceil(samples / adtsFrameSamples + 1) * adtsFrameSamples)
      expectSpeech(format, expected, decoded.subarray(adtsFrameSamples), sampleRate)
    } else {
      expect(decoded.length).toBe(format === 'opus' ? (samples * 48_000) / sampleRate : samples)
      expectSpeech(format, expected, decoded, sampleRate)
    }
  })
})

describe.for(eachBitRate)('$format at $sampleRate Hz and $bitRate kbit/s', ({ format, sampleRate, bitRate }) => {
  const speech = piece(speechLike(sampleRate, sampleRate + 7), { sampleRate })

  test('is as long as it was, and takes as many bytes as was said', async () => {
    const bytes = await encode([speech], format, { sampleRate, bitRate })
    const kilobits = (bytes.length * 8) / 1000
    expect(kilobits).toBeLessThan(bitRate * 1.15 + 6)
    if (format === 'mp3') expect(kilobits).toBeGreaterThan(bitRate)
    const decoded = await decodeAudio(bytes, format)
    const more = decoded.samples.length - ((sampleRate + 7) * decoded.sampleRate) / sampleRate
    expect(more).toBeGreaterThanOrEqual(0)
    expect(more).toBeLessThan(format === 'aac' ? adtsFrameSamples : 1)
  })
})

test.for(takenRates('mp3'))('an MP3 at %i Hz knows how many bytes it has', async (sampleRate) => {
  for (const { bitRate } of eachBitRate.filter((each) => each.format === 'mp3' && each.sampleRate === sampleRate)) {
    for (const samples of [1, 1152, 70_000]) {
      const bytes = await encode([piece(speechLike(sampleRate, samples), { sampleRate })], 'mp3', {
        sampleRate,
        bitRate,
      })
      const info = bytes.indexOf('Info')
      const frame = info - (sampleRate >= 32_000 ? 21 : 13)
      expect(bytes.readUInt32BE(info + 12)).toBe(bytes.length - frame)
    }
  }
})

/** That it is the same speech; where it is not the same samples, as much alike as lossy formats leave it, and in its place. */
function expectSpeech(format: AudioFormat, expected: Int16Array, decoded: Int16Array, sampleRate: number): void {
  // Opus always decodes to 48 kHz.
  const every = format === 'opus' ? 48_000 / sampleRate : 1
  const atOurRate = expected.map((_, n) => decoded[n * every] as number)
  if (!lossy.includes(format)) {
    expect(atOurRate).toEqual(expected)
    return
  }
  const lag = bestLag(expected, atOurRate)
  // Within Opus, a low bit rate is a codec of its own, whose delay is some 0.05 ms off.
  expect(Math.abs(lag) / sampleRate).toBeLessThan(0.0001)
  expect(correlation(expected, atOurRate, lag)).toBeGreaterThan(0.95)
}

function ffmpegInput(format: AudioFormat, sampleRate: number): string[] {
  const rawFormats = { pcm: 's16le', ulaw: 'mulaw', alaw: 'alaw' }
  if (isRaw(format)) return ['-f', rawFormats[format], '-ar', String(sampleRate), '-ac', '1']
  return ['-f', format === 'opus' ? 'ogg' : format]
}

function encode(pieces: readonly Piece[], format: AudioFormat, options: AssembleOptions): Promise<Buffer<ArrayBuffer>> {
  return buffer(assembler.encode(pieces, format, options))
}

function piece(samples: Int16Array, { sampleRate, pauseMs = 0 }: { sampleRate: number; pauseMs?: number }): Piece {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  return {
    samples: samples.length,
    sampleRate,
    pauseMs,
    open: async () => Readable.from([bytes], { objectMode: false }),
  }
}
