import { expect, test } from 'vitest'
import { estimateSpeech, longestSegmentMs } from './estimate.ts'

test('a minute of English is some nine hundred characters', () => {
  const { expectedMs, maxMs } = estimateSpeech(
    'It was a bright morning, and all of them were up and about. '.repeat(15),
  )
  expect(expectedMs).toBeGreaterThan(55_000)
  expect(expectedMs).toBeLessThan(66_000)
  expect(maxMs / expectedMs).toBeLessThan(2.8)
})

test.each([
  ['digits', '7777777777', 3_000],
  ['Chinese', '她开始厌倦了坐在河边', 2_300],
  ['Japanese', 'ありがとうございました', 1_400],
  ['Korean', '안녕하세요 여러분', 1_400],
  ['Hindi', 'नमस्ते दोस्तों', 800],
])('%s take longer than as many letters', (_, text, least) => {
  expect(estimateSpeech(text).expectedMs).toBeGreaterThan(least)
})

test('no segment is longer than the models make one', () => {
  expect(estimateSpeech('7'.repeat(100)).maxMs).toBe(40_000)
})

test('segments together are never longer than was estimated for their text', () => {
  const sentences = Array.from({ length: 60 }, (_, index) => `${'Number 7 is it, '.repeat(1 + (index % 17))}really.`)
  const text = sentences.join('\n\n')
  const sum = sentences.reduce((total, sentence) => total + longestSegmentMs(sentence), 0)
  expect(sum).toBeLessThanOrEqual(estimateSpeech(text).maxMs)
})

test('takes time in proportion to the text', () => {
  for (const worst of ['\n', '\n ', '7', '字', ' '].map((unit) => unit.repeat(500_000 / unit.length))) {
    const start = performance.now()
    estimateSpeech(`${worst}a`)
    expect(performance.now() - start, JSON.stringify(worst.slice(0, 2))).toBeLessThan(2_000)
  }
})
