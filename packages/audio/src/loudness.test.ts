import { spawnSync } from 'node:child_process'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AssembleOptions, Assembler, Piece } from './assemble.ts'
import { createAssembler } from './assembler.ts'
import { type AudioFormat, audioFormats, loudnessRange, sampleRates } from './format.ts'
import { ceiling } from './gain.ts'
import { createLoudnessMeter } from './loudness.ts'
import { takenRates } from './output.ts'
import { decodeAudio, hasFfmpeg, speechLike } from './testing.ts'

function loudnessOf(samples: Int16Array, sampleRate: number): number | null {
  const meter = createLoudnessMeter(sampleRate)
  meter.push(samples)
  return meter.integrated()
}

function sine(sampleRate: number, seconds: number, decibels: number): Int16Array<ArrayBuffer> {
  const amplitude = 32_767 * 10 ** (decibels / 20)
  return Int16Array.from({ length: sampleRate * seconds }, (_, n) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * 997 * n) / sampleRate)),
  )
}

describe('measuring', () => {
  test.for(sampleRates)(
    'a full sine of 997 Hz in one channel is −3.01 LUFS at %i Hz, as BS.1770 has it',
    (sampleRate) => {
      expect(Math.abs((loudnessOf(sine(sampleRate, 3, 0), sampleRate) ?? 0) + 3.01)).toBeLessThan(0.1)
    },
  )

  test('what is far softer than the rest does not count', () => {
    const parts = [sine(24_000, 5, -36), sine(24_000, 20, -20), sine(24_000, 5, -36), new Int16Array(240_000)]
    const whole = Int16Array.from(parts.flatMap((part) => [...part]))
    expect(Math.abs((loudnessOf(whole, 24_000) ?? 0) + 23.01)).toBeLessThan(0.1)
  })

  test('nothing, silence and what nobody can hear have no loudness', () => {
    for (const samples of [0, 1, 5000, 50_000]) expect(loudnessOf(new Int16Array(samples), 24_000)).toBeNull()
    expect(loudnessOf(sine(24_000, 2, -80), 24_000)).toBeNull()
  })

  test('what is shorter than a block is one', () => {
    expect(Math.abs((loudnessOf(sine(24_000, 0.2, -10), 24_000) ?? 0) + 13.01)).toBeLessThan(0.3)
  })

  test('where the audio is cut makes no difference', () => {
    const speech = speechLike(16_000, 30_000)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 20 }), (cuts) => {
        const meter = createLoudnessMeter(16_000)
        let start = 0
        for (const cut of cuts) {
          meter.push(speech.subarray(start, start + cut))
          start += cut
        }
        meter.push(speech.subarray(start))
        expect(meter.integrated()).toBe(loudnessOf(speech, 16_000))
      }),
      { numRuns: 30 },
    )
  })

  test.skipIf(!hasFfmpeg()).for([16_000, 24_000, 48_000])('it is what ffmpeg measures at %i Hz', (sampleRate) => {
    const speech = speechLike(sampleRate, sampleRate * 6)
    expect(Math.abs((loudnessOf(speech, sampleRate) ?? 0) - ffmpegLoudness(speech, sampleRate))).toBeLessThan(0.15)
  })
})

describe('bringing speech to a loudness', () => {
  let assembler: Assembler
  beforeAll(() => {
    assembler = createAssembler({ threads: 2 })
  })
  afterAll(() => assembler.close())
  const encode = async (pieces: readonly Piece[], format: AudioFormat, options: AssembleOptions) =>
    new Uint8Array(await buffer(assembler.encode(pieces, format, options)))
  const asSpoken = (seconds: number, share = 1) =>
    piece(speechLike(24_000, 24_000 * seconds).map((sample) => Math.round(sample * share)))

  test.for([loudnessRange.from, -23, -19, -16])('%i LUFS is what it has then, within 0.2', async (loudness) => {
    const { samples } = await decodeAudio(await encode([asSpoken(4)], 'wav', { loudness }), 'wav')
    expect(Math.abs((loudnessOf(samples, 24_000) ?? 0) - loudness)).toBeLessThan(0.2)
    if (hasFfmpeg()) expect(Math.abs(ffmpegLoudness(samples, 24_000) - loudness)).toBeLessThan(0.3)
    expect(samples.length).toBe(96_000)
  })

  test('the loudest is as near as peaks below −1 dBFS allow', async () => {
    const { samples } = await decodeAudio(await encode([asSpoken(4)], 'wav', { loudness: loudnessRange.to }), 'wav')
    expect(Math.abs((loudnessOf(samples, 24_000) ?? 0) - loudnessRange.to)).toBeLessThan(2)
    expect(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeLessThanOrEqual(ceiling)
  })

  test('soft and loud speech become equally loud, in every format', async () => {
    for (const format of audioFormats) {
      for (const share of [0.1, 1.5]) {
        const sampleRate = takenRates(format).includes(16_000) ? 16_000 : 24_000
        const bytes = await encode([asSpoken(2, share)], format, { loudness: -20, sampleRate })
        const decoded = await decodeAudio(bytes, format, sampleRate)
        expect(Math.abs((loudnessOf(decoded.samples, decoded.sampleRate) ?? 0) + 20), format).toBeLessThan(0.7)
      }
    }
  })

  test.for([48, 128, 160, 192, 224, 256, 320])(
    'an MP3 of %i kbit/s is as loud as what it was made of',
    async (bitRate) => {
      const spoken = speechLike(48_000, 96_000)
      const bytes = await encode([{ ...piece(spoken), sampleRate: 48_000 }], 'mp3', { sampleRate: 48_000, bitRate })
      const { samples } = await decodeAudio(bytes, 'mp3')
      expect(Math.abs((loudnessOf(samples, 48_000) ?? 0) - (loudnessOf(spoken, 48_000) ?? 0))).toBeLessThan(0.1)
    },
  )

  test('the balance between its pieces stays, as far as they are about even', async () => {
    const pieces = [asSpoken(2), asSpoken(2, 0.75)]
    const { samples } = await decodeAudio(await encode(pieces, 'wav', { loudness: -28 }), 'wav')
    const [louder, softer] = [samples.subarray(0, 48_000), samples.subarray(48_000)].map((half) =>
      Math.sqrt(half.reduce((sum, sample) => sum + sample * sample, 0) / half.length),
    )
    expect((softer as number) / (louder as number)).toBeCloseTo(0.75, 1)
  })

  test('silence stays silence, and nothing stays nothing', async () => {
    const silence = await decodeAudio(await encode([piece(new Int16Array(30_000))], 'wav', { loudness: -16 }), 'wav')
    expect(silence.samples).toEqual(new Int16Array(30_000))
    expect((await encode([], 'pcm', { loudness: -16 })).length).toBe(0)
  })

  test('a long piece is opened anew for each time it is gone through, a short one once', async () => {
    const opened = (samples: number) => {
      const { open, ...rest } = piece(speechLike(24_000, samples))
      let times = 0
      const counting = () => {
        times++
        return open()
      }
      const counted: Piece = { ...rest, open: counting }
      return { counted, times: () => times }
    }
    const [long, short] = [opened(60_000), opened(20_000)]
    await encode([long.counted], 'pcm', { loudness: -25 })
    await encode([short.counted], 'pcm', { loudness: -25 })
    expect(long.times()).toBe(2)
    expect(short.times()).toBe(1)
  })

  test('what stops while it is measured says why', async () => {
    const broken: Piece = { ...piece(new Int16Array(60_000)), open: () => Promise.reject(new Error('no answer')) }
    await expect(encode([broken], 'mp3', { loudness: -16 })).rejects.toThrow('no answer')
    const signal = AbortSignal.abort(new Error('not wanted'))
    await expect(encode([asSpoken(3)], 'mp3', { loudness: -16, signal })).rejects.toThrow('not wanted')
  })
})

function piece(samples: Int16Array): Piece {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  return { samples: samples.length, sampleRate: 24_000, pauseMs: 0, open: async () => Readable.from([bytes]) }
}

function ffmpegLoudness(samples: Int16Array, sampleRate: number): number {
  const input = ['-f', 's16le', '-ar', String(sampleRate), '-ac', '1', '-i', 'pipe:0']
  const { stderr } = spawnSync('ffmpeg', ['-nostats', ...input, '-af', 'ebur128', '-f', 'null', '-'], {
    input: Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength),
    encoding: 'utf8',
  })
  const [, integrated] = /Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS/.exec(stderr) ?? []
  return Number(integrated)
}
