import { describe, expect, test } from 'vitest'
import { layOut } from './cells.ts'

describe('cells of a strip', () => {
  test('are one for each segment, equally wide while some are missing', () => {
    expect(layOut(3, new Map([[1, 900]]), 80)).toEqual([
      { index: 0, count: 1, filled: 0, weight: 1 },
      { index: 1, count: 1, filled: 1, weight: 1 },
      { index: 2, count: 1, filled: 0, weight: 1 },
    ])
  })

  test('are as wide as their segments are long once all have arrived', () => {
    const lengths = new Map([
      [1, 500],
      [0, 1500],
    ])
    expect(layOut(2, lengths, 80).map((cell) => cell.weight)).toEqual([1500, 500])
  })

  test('stand for neighbours when there are more segments than cells, and lose none', () => {
    for (const total of [81, 100, 161, 1999]) {
      const cells = layOut(total, new Map(), 80)
      expect(cells).toHaveLength(80)
      let next = 0
      for (const { index, count } of cells) {
        expect(index).toBe(next)
        expect(count).toBeGreaterThan(0)
        next += count
      }
      expect(next).toBe(total)
    }
  })

  test('fill in parts', () => {
    expect(layOut(4, new Map([[0, 10]]), 2).map((cell) => cell.filled)).toEqual([0.5, 0])
  })

  test('are one empty cell before the number of segments is known', () => {
    expect(layOut(0, new Map(), 80)).toEqual([{ index: 0, count: 0, filled: 0, weight: 1 }])
  })
})
