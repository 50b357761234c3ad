import { expect, test } from 'vitest'
import { qualityOf } from './quality.ts'

const good = {
  durationMs: 12_000,
  speechMs: 9_500,
  sampleRate: 44_100,
  loudnessLufs: -22,
  peakDbfs: -3,
  clippedShare: 0,
  noiseDbfs: -65,
  pitchHz: 190,
  syllablesPerSecond: 4,
}

test('ten seconds of a near voice in a quiet room need no advice', () => {
  expect(qualityOf(good)).toEqual({ rating: 'good', advice: [] })
})

test.each([
  ['short', 'fair', { speechMs: 5_900, durationMs: 7_000 }, /^5\.9 s of speech; give 6 to 15 s\.$/],
  ['short', 'poor', { speechMs: 2_100, durationMs: 3_000 }, /^2\.1 s of speech; give 6 to 15 s\.$/],
  ['long', 'fair', { speechMs: 48_000, durationMs: 60_000 }, /^48\.0 s of speech; 6 to 15 s are enough\.$/],
  ['quiet', 'fair', { loudnessLufs: -38, noiseDbfs: -80 }, /^-38 LUFS is quiet/],
  ['quiet', 'poor', { loudnessLufs: -50, noiseDbfs: -90 }, /^-50 LUFS is quiet/],
  ['loud', 'fair', { loudnessLufs: -7 }, /^-7 LUFS is loud/],
  ['clipped', 'fair', { clippedShare: 0.001 }, /^0\.1 % of it is cut off/],
  ['clipped', 'poor', { clippedShare: 0.02 }, /^2\.0 % of it is cut off/],
  ['noisy', 'fair', { noiseDbfs: -47 }, /^The voice is 25 dB above the noise/],
  ['noisy', 'poor', { noiseDbfs: -30 }, /^The voice is 8 dB above the noise/],
  ['pauses', 'fair', { durationMs: 40_000 }, /^76 % of it is pause/],
  ['narrow', 'fair', { sampleRate: 11_025 }, /^11\.025 kHz sounds like a telephone/],
  ['narrow', 'poor', { sampleRate: 8_000 }, /^8 kHz sounds like a telephone/],
])('one that is too %s is %s', (reason, rating, measured, message) => {
  const quality = qualityOf({ ...good, ...measured })
  expect(quality).toEqual({ rating, advice: [{ reason, message: expect.stringMatching(message) }] })
})

test('what makes it poor is said first', () => {
  const { rating, advice } = qualityOf({ ...good, speechMs: 5_000, durationMs: 8_000, sampleRate: 8_000 })
  expect(rating).toBe('poor')
  expect(advice.map(({ reason }) => reason)).toEqual(['narrow', 'short'])
})

test('where there is too little sound to tell how loud it is, nothing is said of it', () => {
  expect(qualityOf({ ...good, loudnessLufs: null }).advice).toEqual([])
})
