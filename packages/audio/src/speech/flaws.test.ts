import { describe, expect, test } from 'vitest'
import { badness, type Flaw, findFlaws } from './flaws.ts'
import { join, noise, sampleRate, samplesOf, silence, vowel, word } from './testing.ts'
import { trimSpeech } from './trim.ts'

const find = (samples: Int16Array, expectation: { expectedMs?: number | null; mostMs?: number | null } = {}) =>
  findFlaws(samples, trimSpeech(samples, sampleRate), sampleRate, { expectedMs: 610, mostMs: 40_000, ...expectation })
const many = (count: number, part = word()) => join(...Array.from({ length: count }, () => join(part, silence(200))))

describe('a take', () => {
  test('of speech that is as long as its text has nothing wrong with it', () => {
    expect(find(join(silence(300), word(), silence(300)))).toEqual([])
  })

  test.each([
    ['nothing', new Int16Array()],
    ['zeros', silence(2_000)],
    ['the noise of a converter', noise(2_000, -80)],
    ['a click', join(silence(500), noise(10, -20), silence(500))],
    ['a constant', silence(2_000).map(() => 4_000)],
  ])('of %s is silent, unless nothing was to be heard', (_, samples) => {
    expect(find(samples)).toEqual(['silent'])
    expect(find(samples, { expectedMs: null })).toEqual([])
  })

  test('however soft is no silence', () => {
    expect(find(word().map((sample) => sample / 30))).toEqual([])
  })

  test('with more than three seconds of silence inside has a gap', () => {
    const pause = (ms: number) => find(join(word(), silence(ms), word()), { expectedMs: 3_000 })
    expect(pause(2_900)).toEqual([])
    expect(pause(3_200)).toEqual(['gap'])
    expect(find(join(word(), noise(3_500, -62), word()), { expectedMs: 3_000 })).toEqual(['gap'])
  })

  test('that is cut off at full scale is clipped; one that touches it is not', () => {
    const louder = (factor: number) => word().map((sample) => Math.max(-32_768, Math.min(32_767, sample * factor)))
    const peak = word().reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
    expect(find(louder(32_767 / peak))).toEqual([])
    expect(find(louder(4))).toEqual(['clipped'])
  })

  test('that goes on to where its model stops is truncated, but not where it ends there', () => {
    const speech = vowel(40_000).subarray(0, samplesOf(39_900))
    const loud = speech.subarray(0, samplesOf(39_880))
    expect(find(loud, { expectedMs: 35_000 })).toEqual(['truncated'])
    expect(find(join(loud.subarray(0, samplesOf(39_700)), silence(180)), { expectedMs: 35_000 })).toEqual([])
    expect(find(loud.subarray(0, samplesOf(30_000)), { expectedMs: 30_000 })).toEqual([])
    expect(find(loud, { expectedMs: 35_000, mostMs: null })).toEqual([])
  })

  test('far from the length of its text is too short or too long; silence around it does not count', () => {
    const speech = many(10)
    const ms = (speech.length / sampleRate) * 1000
    const found = (expectedMs: number) => find(join(silence(2_000), speech, silence(2_000)), { expectedMs })
    expect(found(ms)).toEqual([])
    expect(found(ms * 2)).toEqual([])
    expect(found(ms * 3.2)).toEqual(['too_short'])
    expect(found(ms / 1.6)).toEqual([])
    expect(found(ms / 3)).toEqual(['too_long'])
  })

  test('is the worse the more is wrong with it', () => {
    const order: Flaw[][] = [[], ['clipped'], ['too_long'], ['too_short', 'clipped'], ['truncated'], ['silent']]
    const ranks = order.map(badness)
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
  })
})
