import { expect, test } from 'vitest'
import { assembly } from './assembly.ts'

test('nothing joined is nothing', () => {
  expect(assembly([])).toEqual({ samples: 0, durationMs: 0 })
})

test('each piece counts as it is resampled on its own, and each pause', () => {
  expect(
    assembly([
      { samples: 16_001, sampleRate: 16_000, pauseMs: 250 },
      { samples: 22_051, sampleRate: 22_050, pauseMs: 0 },
      { samples: 7, sampleRate: 24_000, pauseMs: 0.02 },
    ]),
  ).toEqual({ samples: 24_002 + 6000 + 24_001 + 7, durationMs: 2250 })
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
