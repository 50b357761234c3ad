import { describe, expect, test } from 'vitest'
import { assembly, createLayout, type Place } from './assembly.ts'
import { sampleRates, usualSampleRate } from './format.ts'

function layOut(
  pieces: readonly Parameters<ReturnType<typeof createLayout>['place']>[0][],
  sampleRate: number,
): Place[] {
  const layout = createLayout(sampleRate)
  return pieces.map((piece) => layout.place(piece))
}

test('nothing joined is nothing', () => {
  expect(assembly([])).toEqual({ samples: 0, durationMs: 0 })
})

test('each piece counts as it is resampled on its own, and each pause; what sounds together counts once', () => {
  expect(
    assembly([
      { samples: 16_001, sampleRate: 16_000, pauseMs: 250 },
      { samples: 22_051, sampleRate: 22_050, pauseMs: 0 },
      { samples: 7, sampleRate: 24_000, pauseMs: 0.02 },
    ]),
  ).toEqual({ samples: 24_002 + 6000 + 24_001 + 7 - 3, durationMs: 2250 })
})

test.for([
  [{ samples: -1 }, 'pieces[1].samples must be an integer from 0 to 9007199254740991, not -1'],
  [{ samples: 1.5 }, 'pieces[1].samples must be an integer from 0 to 9007199254740991, not 1.5'],
  [{ sampleRate: 0 }, 'pieces[1].sampleRate must be an integer from 8000 to 192000, not 0'],
  [{ sampleRate: 1e9 }, 'pieces[1].sampleRate must be an integer from 8000 to 192000, not 1000000000'],
  [{ pauseMs: -1 }, 'pieces[1].pauseMs must be a number of milliseconds from 0, not -1'],
  [{ pauseMs: Number.NaN }, 'pieces[1].pauseMs must be a number of milliseconds from 0, not NaN'],
  [{ pauseMs: Number.POSITIVE_INFINITY }, 'pieces[1].pauseMs must be a number of milliseconds from 0, not Infinity'],
] as const)('%o is refused', ([wrong, message]) => {
  const right = { samples: 100, sampleRate: 16_000, pauseMs: 100 }
  expect(() => assembly([right, { ...right, ...wrong }])).toThrow(new RangeError(message))
})

describe('at another rate', () => {
  test('it is as long as at the usual one, to half a sample, however many pieces round the same way', () => {
    const pieces = Array.from({ length: 5000 }, () => ({ samples: 16_001, sampleRate: 16_000, pauseMs: 100 }))
    const { samples } = assembly(pieces)
    for (const sampleRate of sampleRates) {
      expect(Math.abs(assembly(pieces, sampleRate).samples - (samples * sampleRate) / usualSampleRate)).toBeLessThan(1)
      expect(Math.abs(assembly(pieces, sampleRate).durationMs - assembly(pieces).durationMs)).toBeLessThanOrEqual(1)
    }
  })

  test('nothing is put between pieces that sound together: the next pause takes up what was rounded', () => {
    const pieces = [0, 0, 1].map((pauseMs) => ({ samples: 24_001, sampleRate: 24_000, pauseMs }))
    const places = layOut(pieces, 8000)
    expect(places.map(({ speech }) => speech)).toEqual([8000, 8000, 8000])
    expect(places.map(({ overlap }) => overlap)).toEqual([0, 160, 160])
    expect(places.map(({ pause }) => pause)).toEqual([0, 0, 9])
  })

  test('speech that is at that rate already keeps each of its samples', () => {
    const pieces = [7001, 9003, 12_345].map((samples) => ({ samples, sampleRate: 16_000, pauseMs: 20 }))
    expect(layOut(pieces, 16_000).map(({ speech }) => speech)).toEqual([7001, 9003, 12_345])
  })
})
