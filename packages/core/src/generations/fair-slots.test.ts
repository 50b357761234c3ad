import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFairSlots } from './fair-slots.ts'

/** All of one engine, where it is not about engines. */
const of = (user: string, engine = 'one') => ({ user, engine })

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
  for (let index = 0; index < 10; index++) void slots(of('a'), work(`a${index}`))
  await new Promise(setImmediate)
  expect(started).toEqual(['a0', 'a1', 'a2'])
  await endOne()
  expect(started).toEqual(['a0', 'a1', 'a2', 'a3'])
})

test('whoever comes while another holds every slot gets the next one, ahead of all the other has lined up', async () => {
  const slots = createFairSlots(2)
  const { started, work, endOne } = bench()
  for (let index = 0; index < 100; index++) void slots(of('a'), work('a'))
  void slots(of('b'), work('b'))
  await endOne()
  expect(started).toEqual(['a', 'a', 'b'])
})

test('several who always have work have equally many slots', async () => {
  const slots = createFairSlots(6)
  const { started, work, endOne } = bench()
  for (const user of ['a', 'b', 'c']) for (let index = 0; index < 100; index++) void slots(of(user), work(user))
  for (let count = 0; count < 60; count++) await endOne()
  const last = started.slice(-60)
  for (const user of ['a', 'b', 'c']) expect(last.filter((name) => name === user)).toHaveLength(20)
})

test('work that fails frees its slot and tells its caller', async () => {
  const slots = createFairSlots(1)
  await expect(slots(of('a'), () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await expect(slots(of('a'), async () => 'yes')).resolves.toBe('yes')
})

test('everything that was asked for is done, in its user’s order', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 5 }),
    fc.array(fc.constantFrom('a', 'b', 'c')),
    async (size, users) => {
      const slots = createFairSlots(size)
      const done: string[] = []
      await Promise.all(users.map((user, index) => slots(of(user), async () => void done.push(`${user}${index}`))))
      for (const user of ['a', 'b', 'c']) {
        const asked = users.flatMap((name, index) => (name === user ? `${user}${index}` : []))
        expect(done.filter((name) => name.startsWith(user))).toEqual(asked)
      }
    },
  )
  await fc.assert(property, { numRuns: 100 })
})

test('engines that hang leave a slot for each of the others, whose work starts at once', async () => {
  const slots = createFairSlots(16, { engines: 4 })
  const { started, work } = bench()
  for (const engine of ['hangs', 'hangs too', 'hangs as well']) {
    for (let index = 0; index < 100; index++) void slots(of('a', engine), work(engine))
  }
  await new Promise(setImmediate)
  expect(started).toHaveLength(15)
  void slots(of('b', 'works'), work('works'))
  await new Promise(setImmediate)
  expect(started.slice(15)).toEqual(['works'])
})

test('engines whose work is wanted at the same time come to have equal shares', async () => {
  const slots = createFairSlots(8, { engines: 2 })
  const { started, work, endOne } = bench()
  for (let index = 0; index < 100; index++) void slots(of('a', 'first'), work('first'))
  for (let index = 0; index < 100; index++) void slots(of('b', 'second'), work('second'))
  for (let count = 0; count < 60; count++) await endOne()
  const last = started.slice(-40)
  expect(last.filter((engine) => engine === 'first')).toHaveLength(20)
})

test('whoever wants what: no slot is idle but what is kept for those that have none, and all is done', async () => {
  const [size, engines] = [8, 3]
  const wish = fc.record({ user: fc.constantFrom('a', 'b', 'c'), engine: fc.constantFrom('x', 'y', 'z') })
  const property = fc.asyncProperty(
    fc.array(wish, { maxLength: 60 }),
    fc.infiniteStream(fc.nat()),
    async (wishes, picks) => {
      const slots = createFairSlots(size, { engines })
      const running: { readonly engine: string; readonly end: () => void }[] = []
      const waiting: string[] = wishes.map(({ engine }) => engine)
      let done = 0
      const all = wishes.map((whose) =>
        slots(whose, async () => {
          waiting.splice(waiting.indexOf(whose.engine), 1)
          const { promise, resolve } = Promise.withResolvers<void>()
          running.push({ engine: whose.engine, end: resolve })
          await promise
        }).then(() => done++),
      )
      const of = (engine: string) => running.filter((each) => each.engine === engine).length
      for (;;) {
        await new Promise(setImmediate)
        expect(running.length).toBeLessThanOrEqual(size)
        for (const engine of new Set(waiting)) {
          const free = size - running.length
          const kept = Math.min(2, engines - new Set(running.map((each) => each.engine)).size)
          const mayHave = free > 0 && (of(engine) === 0 || free > kept)
          expect(mayHave, `${engine} waits`).toBe(false)
        }
        if (running.length === 0) break
        const [ended] = running.splice(picks.next().value % running.length, 1)
        ended?.end()
      }
      await Promise.all(all)
      expect(done).toBe(wishes.length)
    },
  )
  await fc.assert(property, { numRuns: 100 })
})

test('work that leaves its slot makes room before it ends, and once', async () => {
  const slots = createFairSlots(1)
  const stored = Promise.withResolvers<void>()
  const begun: string[] = []
  const ended: string[] = []
  const work = (name: string) =>
    slots({ user: 'anna', engine: 'tone' }, async (leave) => {
      begun.push(name)
      leave()
      leave()
      await stored.promise
      ended.push(name)
    })
  const held = slots({ user: 'anna', engine: 'tone' }, () => stored.promise)
  const all = Promise.all([held, work('first'), work('second')])
  expect(begun).toEqual([])
  stored.resolve()
  await all
  expect([begun, ended]).toEqual([
    ['first', 'second'],
    ['first', 'second'],
  ])
})
