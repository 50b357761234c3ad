import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLayout } from './assembly.ts'
import { createJoiner, mostAhead } from './join.ts'
import { speechLike } from './testing.ts'

interface Part {
  readonly samples: Int16Array
  readonly sampleRate?: number
  readonly pauseMs?: number
}

/** Joins parts, heard and spoken in chunks of the lengths that `chunk` gives. */
function join(parts: readonly Part[], sampleRate = 24_000, chunk: () => number = () => 4096): Int16Array {
  const layout = createLayout(sampleRate)
  const joiner = createJoiner(sampleRate)
  const joined: number[] = []
  for (const { samples, sampleRate: from = sampleRate, pauseMs = 0 } of parts) {
    const piece = { samples: samples.length, sampleRate: from, pauseMs }
    const { overlap, pause } = layout.place(piece)
    joined.push(...joiner.begin({ ...piece, overlap, isOpen: pauseMs === 0 }))
    for (let start = 0, length = chunk(); start < samples.length; start += length, length = chunk()) {
      joiner.hear(samples.slice(start, start + length))
    }
    for (let left = samples.length; left > 0; ) {
      const count = Math.min(left, chunk())
      joined.push(...joiner.speak(count))
      left -= count
    }
    joined.push(...joiner.silence(pause))
  }
  joined.push(...joiner.finish())
  expect(joined.length).toBe(layout.samples)
  return Int16Array.from(joined)
}

/** The greatest difference between two samples that follow each other. */
function greatestStep(samples: Int16Array): number {
  let greatest = 0
  for (let n = 1; n < samples.length; n++) {
    greatest = Math.max(greatest, Math.abs((samples[n] as number) - (samples[n - 1] as number)))
  }
  return greatest
}

test('at the rate of the output, nothing but the edges changes', () => {
  const input = speechLike(24_000, 2400)
  expect(join([{ samples: input }]).subarray(120, -120)).toEqual(input.subarray(120, -120))
})

test('speech cut in the middle of a sound begins and ends softly', () => {
  const output = join([{ samples: new Int16Array(1600).fill(20_000), sampleRate: 16_000 }])
  expect(Math.abs(output[0] as number)).toBeLessThan(50)
  expect(Math.abs(output.at(-1) as number)).toBeLessThan(50)
  expect(greatestStep(output)).toBeLessThan(600)
})

test('what the filter drives beyond 16 bits is clipped, not turned over', () => {
  const square = Int16Array.from({ length: 3200 }, (_, n) => (Math.floor(n / 20) % 2 === 0 ? 32_767 : -32_768))
  const output = join([{ samples: square, sampleRate: 16_000 }])
  for (let n = 200; n < output.length - 200; n++) {
    const inside = (n * 2) / 3
    const fromFlank = Math.min(inside % 20, 20 - (inside % 20))
    if (fromFlank > 2) expect(Math.sign(output[n] as number)).toBe(Math.floor(inside / 20) % 2 === 0 ? 1 : -1)
  }
})

describe('pieces without a pause', () => {
  test('go over into each other in 20 ms, in which a steady sound stays as it is', () => {
    const steady = new Int16Array(2400).fill(10_000)
    const output = join([{ samples: steady }, { samples: steady }])
    expect(output.length).toBe(2 * 2400 - 480)
    expect(output.subarray(120, -120).every((sample) => sample === 10_000)).toBe(true)
  })

  test('that are shorter than that share half of the shorter one, and nothing is lost of what is empty', () => {
    const short = new Int16Array(100).fill(1000)
    expect(
      join([{ samples: new Int16Array(2400) }, { samples: short }, { samples: new Int16Array(2400) }]).length,
    ).toBe(2400 + 50 + 2400 - 50)
    expect(join([{ samples: short }, { samples: new Int16Array() }, { samples: short }]).length).toBe(200)
  })
})

test('a pause stays silent, and what is beside it fades', () => {
  const loud = new Int16Array(2400).fill(10_000)
  const output = join([{ samples: loud, pauseMs: 50 }, { samples: loud }])
  expect(output.subarray(2400, 3600).every((sample) => sample === 0)).toBe(true)
  expect(greatestStep(output)).toBeLessThan(200)
})

test('of what is longer than is heard ahead, nothing is lost', () => {
  const long = new Int16Array(mostAhead + 5000).fill(1000)
  const joiner = createJoiner(24_000)
  joiner.begin({ samples: long.length, sampleRate: 24_000, overlap: 0, isOpen: false })
  joiner.hear(long.slice(0, mostAhead))
  const first = joiner.speak(5000)
  joiner.hear(long.slice(mostAhead))
  const rest = joiner.speak(mostAhead)
  expect(first.length + rest.length + joiner.finish().length).toBe(long.length)
})

test('however the speech is cut into chunks, it comes out the same', () => {
  const part = fc.record({
    samples: fc.integer({ min: 0, max: 3000 }).map((length) => speechLike(24_000, length)),
    sampleRate: fc.constantFrom(8000, 16_000, 22_050, 24_000, 48_000),
    pauseMs: fc.constantFrom(0, 0, 1, 20),
  })
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 10 }),
      (parts, lengths) => {
        let n = 0
        const chunk = () => lengths[n++ % lengths.length] as number
        expect(join(parts, 24_000, chunk)).toEqual(join(parts))
      },
    ),
    { numRuns: 50 },
  )
})
