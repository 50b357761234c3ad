import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { energyOf, join, noise, sampleRate, samplesOf, silence, vowel, word } from './testing.ts'
import { trimSpeech } from './trim.ts'

const trim = (...parts: readonly Int16Array[]) => trimSpeech(join(...parts), sampleRate)
/** Frames are 5 ms, and sounds swell. */
const near = samplesOf(20)

describe('trimming', () => {
  test('leaves 30 ms before speech and 80 ms after it', () => {
    const trimmed = trim(silence(700), word(), silence(1_200))
    const most = word().length + samplesOf(110)
    expect(trimmed.length).toBeLessThanOrEqual(most + samplesOf(10))
    expect(trimmed.length).toBeGreaterThan(most - near)
  })

  test('takes noise behind speech for silence', () => {
    const trimmed = trim(noise(500, -60), word(), noise(900, -58, 2))
    expect(trimmed.length).toBeLessThan(word().length + samplesOf(140))
  })

  test('takes away a breath and a click that stand alone', () => {
    const breath = noise(180, -44)
    const trimmed = trim(silence(100), vowel(6), silence(400), word(), silence(350), breath, silence(400))
    expect(trimmed.length).toBeLessThan(word().length + samplesOf(120))
  })

  test.each([
    ['a soft f', noise(110, -44)],
    ['an s', noise(140, -32)],
    ['a t after its closure', join(silence(110), noise(15, -28))],
    ['an h that goes over into a vowel', join(noise(60, -46), vowel(120, -24))],
    ['a k after a long closure', join(silence(180), noise(20, -30))],
  ])('keeps %s at either end', (_, sound) => {
    expect(trim(silence(400), word(), sound, silence(400)).length).toBeGreaterThanOrEqual(word().length + sound.length)
    expect(trim(silence(400), sound.toReversed(), word(), silence(400)).length).toBeGreaterThanOrEqual(
      word().length + sound.length,
    )
  })

  test('keeps a word that stands alone, and silence inside', () => {
    const speech = join(word(), silence(2_000), vowel(250, -22))
    expect(trim(silence(200), speech, silence(300)).length).toBeGreaterThanOrEqual(speech.length)
  })

  test('leaves what has no silence around it, and what has no sound', () => {
    const tone = vowel(500).subarray(samplesOf(20), samplesOf(480))
    expect(trimSpeech(tone, sampleRate)).toHaveLength(tone.length)
    expect(trimSpeech(silence(300), sampleRate)).toHaveLength(samplesOf(300))
    expect(trimSpeech(new Int16Array(), sampleRate)).toHaveLength(0)
    expect(trimSpeech(Int16Array.of(5), sampleRate)).toHaveLength(1)
  })

  test('is not misled by a constant offset', () => {
    const shifted = join(silence(500), word(), silence(500)).map((sample) => sample + 600)
    expect(trimSpeech(shifted, sampleRate).length).toBeLessThan(word().length + samplesOf(130))
  })

  test('takes next to nothing of the energy, whatever is there, and nothing the second time', () => {
    const sound = fc.oneof(
      fc
        .record({ ms: fc.integer({ min: 20, max: 400 }), db: fc.integer({ min: -34, max: -8 }) })
        .map(({ ms, db }) => vowel(ms, db)),
      fc
        .record({ ms: fc.integer({ min: 10, max: 200 }), db: fc.integer({ min: -50, max: -20 }) })
        .map(({ ms, db }) => noise(ms, db)),
      fc.integer({ min: 5, max: 600 }).map(silence),
    )
    fc.assert(
      fc.property(fc.array(sound, { minLength: 1, maxLength: 12 }), (sounds) => {
        const speech = join(silence(120), word(), ...sounds, word(), silence(120))
        const trimmed = trimSpeech(speech, sampleRate)
        expect(energyOf(trimmed)).toBeGreaterThan(0.999 * energyOf(speech))
        expect(trimSpeech(trimmed, sampleRate).length).toBeGreaterThan(trimmed.length - near)
      }),
      { numRuns: 60 },
    )
  })
})
