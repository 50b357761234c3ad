import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSpeech } from './join.ts'
import { speechLike } from './testing.ts'

test('at the rate of the output, nothing but the edges changes', () => {
  const input = speechLike(24_000, 2400)
  const output = createSpeech(24_000, 24_000, input.length).push(input)
  expect(output.subarray(120, -120)).toEqual(input.subarray(120, -120))
})

test('speech cut in the middle of a sound begins and ends softly', () => {
  const output = createSpeech(16_000, 24_000, 1600).push(new Int16Array(1600).fill(20_000))
  const steps = Array.from({ length: output.length - 1 }, (_, n) =>
    Math.abs((output[n + 1] as number) - (output[n] as number)),
  )
  expect(Math.abs(output[0] as number)).toBeLessThan(50)
  expect(Math.abs(output.at(-1) as number)).toBeLessThan(50)
  expect(Math.max(...steps)).toBeLessThan(600)
})

test('what the filter drives beyond 16 bits is clipped, not turned over', () => {
  const square = Int16Array.from({ length: 3200 }, (_, n) => (Math.floor(n / 20) % 2 === 0 ? 32_767 : -32_768))
  const output = createSpeech(16_000, 24_000, square.length).push(square)
  for (let n = 200; n < output.length - 200; n++) {
    const inside = (n * 2) / 3
    const fromFlank = Math.min(inside % 20, 20 - (inside % 20))
    if (fromFlank > 2) expect(Math.sign(output[n] as number)).toBe(Math.floor(inside / 20) % 2 === 0 ? 1 : -1)
  }
})

test('however the speech is cut into chunks, it comes out the same', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(8000, 16_000, 22_050, 24_000, 48_000),
      fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 10 }),
      (sampleRate, chunks) => {
        const input = speechLike(
          sampleRate,
          chunks.reduce((sum, length) => sum + length, 0),
        )
        const speech = createSpeech(sampleRate, 24_000, input.length)
        let offset = 0
        const parts = chunks.flatMap((length) => {
          const part = speech.push(input.subarray(offset, offset + length))
          offset += length
          return [...part]
        })
        expect(parts).toEqual([...createSpeech(sampleRate, 24_000, input.length).push(input)])
      },
    ),
  )
})
