import { expect, test } from 'vitest'
import { createPace } from './pace.ts'

function paceAt() {
  let now = 0
  const pace = createPace({ idleMs: 30_000, leastBytesPerSecond: 8_000, wholeMs: 300_000 }, () => now)
  return {
    ...pace,
    wait(ms: number) {
      now += ms
    },
  }
}

test('thirty seconds without a byte are enough, a second more is too much', () => {
  const pace = paceAt()
  pace.received(10_000_000)
  pace.wait(30_000)
  pace.check()
  pace.wait(1)
  expect(() => pace.check()).toThrow('Nothing came for 30 s')
})

test('one that never begins is too slow as well', () => {
  const pace = paceAt()
  pace.wait(30_001)
  expect(() => pace.check()).toThrow('Nothing came for 30 s')
})

test('a byte now and then does not keep it alive', () => {
  const pace = paceAt()
  for (let second = 0; second < 30; second++) {
    pace.wait(1_000)
    pace.received(7_999)
    pace.check()
  }
  pace.wait(1_000)
  pace.received(7_999)
  expect(() => pace.check()).toThrow('less than 8 kB a second')
})

test('the least pace is enough, for five minutes', () => {
  const pace = paceAt()
  for (let second = 0; second < 300; second++) {
    pace.wait(1_000)
    pace.received(8_001)
    pace.check()
  }
  pace.wait(1)
  expect(() => pace.check()).toThrow('longer than 300 s')
})

test('a pause after a fast beginning is forgiven', () => {
  const pace = paceAt()
  pace.received(1_000_000)
  pace.wait(29_000)
  pace.received(1)
  pace.wait(29_000)
  pace.check()
})

test('while we take no more nobody else is slow', () => {
  const pace = paceAt()
  pace.received(1_000)
  pace.hold()
  pace.wait(200_000)
  pace.check()
  pace.go()
  pace.go()
  pace.wait(30_000)
  pace.check()
  pace.wait(1)
  expect(() => pace.check()).toThrow('Nothing came for 30 s')
})

test('but all of it together takes five minutes at most', () => {
  const pace = paceAt()
  pace.received(1_000)
  pace.hold()
  pace.wait(300_001)
  expect(() => pace.check()).toThrow('longer than 300 s')
})
