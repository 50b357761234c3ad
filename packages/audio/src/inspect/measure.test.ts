import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { peakCount } from './inspector.ts'
import { createFrameMeter } from './measure/frames.ts'
import { loudnessOf } from './measure/loudness.ts'
import { measure } from './measure.ts'
import type { Block } from './sound.ts'
import { decodeVoice, hum } from './testing/voices.ts'

const voice = await decodeVoice()

function inspect(channels: Block, sampleRate = 48_000, blockLengths: readonly number[] = [4096]) {
  async function* blocks(): AsyncGenerator<Block> {
    const length = channels[0]?.length ?? 0
    for (let from = 0, n = 0; from < length; n++) {
      const to = Math.min(length, from + (blockLengths[n % blockLengths.length] ?? 1))
      yield channels.map((channel) => channel.subarray(from, to))
      from = to
    }
  }
  const sound = {
    container: 'wav',
    codec: 'pcm-s16',
    claimedSeconds: null,
    sampleRate,
    channels: channels.length,
  } as const
  return measure({ ...sound, blocks: blocks() }, 10_000_000, () => {})
}

type Part = readonly [level: number, seconds: number]

/** Parts of a sine of 1 kHz, each so loud in dBFS and so many seconds long. */
function sine(...parts: readonly Part[]): Float32Array<ArrayBuffer> {
  const whole = parts.flatMap(([level, seconds]) =>
    Array<number>(Math.round(48_000 * seconds)).fill(10 ** (level / 20)),
  )
  return Float32Array.from(whole, (level, n) => level * Math.sin((2 * Math.PI * 1000 * n) / 48_000))
}

function loudness(channels: Block): number {
  const frames = createFrameMeter(48_000, channels.length)
  frames.push(channels)
  return loudnessOf(frames.finish().energies) ?? Number.NaN
}

const five = (front: number, centre: number, back: number) =>
  [front, front, centre, back, back].map((level) => sine([level, 20]))

// EBU Tech 3341 (2023), table 1: the minimum requirements, with a tolerance of 0.1 LU.
describe('loudness is what EBU Tech 3341 says', () => {
  const stereo = (...parts: readonly Part[]) => [sine(...parts), sine(...parts)]
  test.for([
    ['1', stereo([-23, 20]), -23],
    ['2', stereo([-33, 20]), -33],
    ['3', stereo([-36, 10], [-23, 60], [-36, 10]), -23],
    ['4', stereo([-72, 10], [-36, 10], [-23, 60], [-36, 10], [-72, 10]), -23],
    ['5', stereo([-26, 20], [-20, 20.1], [-26, 20]), -23],
    ['6', five(-28, -24, -30), -23],
  ] as const)('of test signal %s', ([, channels, expected]) => {
    expect(Math.abs(loudness(channels) - expected)).toBeLessThanOrEqual(0.1)
  })

  test('of nothing, which has none', () => {
    expect(loudness([new Float32Array(48_000)])).toBeNaN()
  })
})

test('a real voice has the loudness and the peak that ffmpeg tells', async () => {
  const { measured, durationMs } = await inspect(voice.channels, voice.sampleRate)
  expect(durationMs).toBe(11_000)
  expect(Math.abs((measured.loudnessLufs ?? 0) + 12.5)).toBeLessThan(0.1)
  expect(measured.peakDbfs).toBeCloseTo(20 * Math.log10(0.78363), 2)
  expect(measured.clippedShare).toBe(0)
})

test('where blocks are cut changes nothing', async () => {
  const channels = voice.channels.map((channel) => channel.subarray(0, 60_000))
  const whole = await inspect(channels, voice.sampleRate, [60_000])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 }), async (lengths) => {
      const { peaks, measured, durationMs } = await inspect(channels, voice.sampleRate, lengths)
      expect(durationMs).toBe(whole.durationMs)
      expect(peaks).toEqual(whole.peaks)
      expect(measured.loudnessLufs).toBeCloseTo(whole.measured.loudnessLufs ?? 0, 6)
      expect(measured.pitchHz).toBe(whole.measured.pitchHz)
      expect(measured.speechMs).toBe(whole.measured.speechMs)
    }),
    { numRuns: 20 },
  )
})

test('the waveform is as high as the sound where it is, and nowhere else', async () => {
  const { peaks } = await inspect([sine([-100, 1], [-6, 1], [-100, 1], [0, 1])])
  const quarter = (n: number) => peaks.subarray((n * peakCount) / 4 + 1, ((n + 1) * peakCount) / 4 - 1)
  expect([...new Set(quarter(0))]).toEqual([0])
  expect(Math.max(...quarter(1))).toBe(Math.round(255 * 10 ** (-6 / 20)))
  expect(Math.min(...quarter(1))).toBeGreaterThan(120)
  expect([...new Set(quarter(2))]).toEqual([0])
  expect(Math.max(...quarter(3))).toBe(255)
  expect(peaks).toHaveLength(peakCount)
})

test('what is pause is not counted as speech', async () => {
  const pause = new Float32Array(48_000)
  const speech = hum(48_000, 2.1)
  const sound = Float32Array.from([...pause, ...speech, ...pause, ...pause, ...speech, ...pause])
  const { measured } = await inspect([sound])
  expect(Math.abs(measured.speechMs - 4200)).toBeLessThan(400)
  expect(measured.noiseDbfs).toBe(-120)
})

test.for([90, 120, 180, 240])('a voice of %i Hz has that pitch', async (pitch) => {
  const sampleRate = 44_100
  let phase = 0
  const pulses = Float32Array.from({ length: 2 * sampleRate }, () => {
    phase = (phase + pitch / sampleRate) % 1
    return 0.3 * (phase - 0.5) ** 3 * 8
  })
  const { measured } = await inspect([pulses], sampleRate)
  expect(Math.abs((measured.pitchHz ?? 0) / pitch - 1)).toBeLessThan(0.01)
})

test('noise has no pitch', async () => {
  let random = 1
  const noise = Float32Array.from({ length: 96_000 }, () => {
    random = (random * 48_271) % 2_147_483_647
    return random / 2_147_483_647 - 0.5
  })
  expect((await inspect([noise])).measured.pitchHz).toBeNull()
})

test('syllables are counted in the time that is spoken', async () => {
  // Two of them a second, as it is made.
  const { measured } = await inspect([hum(16_000, 8)], 16_000)
  const perSecond = ((measured.syllablesPerSecond ?? 0) * measured.speechMs) / 8000
  expect(Math.abs(perSecond - 2)).toBeLessThan(0.3)
})

test('what is cut off at full scale is a share of all samples', async () => {
  const whole = sine([-6, 2])
  whole.fill(1, 0, 9600)
  expect((await inspect([whole])).measured.clippedShare).toBeCloseTo(0.1, 4)
})

test('a level of one sample at full scale is not cut off', async () => {
  const whole = sine([-6, 2])
  for (let n = 0; n < whole.length; n += 10) whole[n] = 1
  expect((await inspect([whole])).measured.clippedShare).toBe(0)
})
