import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFairSlots } from './fair-slots.ts'

/** Work that notes when it starts and ends when told. */
function bench() {
  const started: string[] = []
  const ends: (() => void)[] = []
  const work = (name: string) => () => {
    started.push(name)
    return new Promise<void>((end) => ends.push(end))
  }
  const endOne = async () => {
    await new Promise(setImmediate)
    ends.shift()?.()
    await new Promise(setImmediate)
  }
  return { started, ends, work, endOne }
}

test('no more run at once than there are slots', async () => {
  const slots = createFairSlots(3)
  const { started, work, endOne } = bench()
  for (let index = 0; index < 10; index++) void slots('a', work(`a${index}`))
  await new Promise(setImmediate)
  expect(started).toEqual(['a0', 'a1', 'a2'])
  await endOne()
  expect(started).toEqual(['a0', 'a1', 'a2', 'a3'])
})

test('whoever comes while another holds every slot gets the next one, ahead of all the other has lined up', async () => {
  const slots = createFairSlots(2)
  const { started, work, endOne } = bench()
  for (let index = 0; index < 100; index++) void slots('a', work('a'))
  void slots('b', work('b'))
  await endOne()
  expect(started).toEqual(['a', 'a', 'b'])
})

test('several who always have work have equally many slots', async () => {
  const slots = createFairSlots(6)
  const { started, work, endOne } = bench()
  for (const user of ['a', 'b', 'c']) for (let index = 0; index < 100; index++) void slots(user, work(user))
  for (let count = 0; count < 60; count++) await endOne()
  const last = started.slice(-60)
  for (const user of ['a', 'b', 'c']) expect(last.filter((name) => name === user)).toHaveLength(20)
})

test('work that fails frees its slot and tells its caller', async () => {
  const slots = createFairSlots(1)
  await expect(slots('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await expect(slots('a', async () => 'yes')).resolves.toBe('yes')
})

test('everything that was asked for is done, in its user’s order', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 5 }),
    fc.array(fc.constantFrom('a', 'b', 'c')),
    async (size, users) => {
      const slots = createFairSlots(size)
      const done: string[] = []
      await Promise.all(users.map((user, index) => slots(user, async () => void done.push(`${user}${index}`))))
      for (const user of ['a', 'b', 'c']) {
        const asked = users.flatMap((name, index) => (name === user ? `${user}${index}` : []))
        expect(done.filter((name) => name.startsWith(user))).toEqual(asked)
      }
    },
  )
  await fc.assert(property, { numRuns: 100 })
})
