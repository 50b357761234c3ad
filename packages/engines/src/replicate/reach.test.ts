import { expect, test } from 'vitest'
import { ReplicateFailure } from './failure.ts'
import { createReach } from './reach.ts'

const never = new AbortController().signal
const lost = () => Promise.reject(new ReplicateFailure('lost', { kind: 'lost' }))

async function failing(creations: number) {
  let now = 0
  let looks = 0
  const reach = createReach(() => now)
  for (let count = 0; count < creations; count++) await expect(reach.create(lost)).rejects.toThrow('lost')
  const look = (answer: () => Promise<unknown>) =>
    reach.look(never, async () => {
      looks++
      return answer()
    })
  return { look, looks: () => looks, pass: (ms: number) => (now += ms) }
}

test('where nothing is answered one looks for all, and again after a while', async () => {
  const { look, looks, pass } = await failing(5)
  const all = await Promise.allSettled(Array.from({ length: 50 }, () => look(lost)))
  expect(all.every(({ status }) => status === 'rejected')).toBe(true)
  expect(looks()).toBe(1)
  await expect(look(lost)).rejects.toThrow('lost')
  expect(looks()).toBe(1)
  pass(2_000)
  await expect(look(lost)).rejects.toThrow('lost')
  expect(looks()).toBe(2)
})

test('where looks are answered each has its own, also while creations are lost', async () => {
  const { look, looks } = await failing(5)
  const all = await Promise.all(Array.from({ length: 50 }, (_, index) => look(async () => index)))
  expect(all).toEqual(Array.from({ length: 50 }, (_, index) => index))
  expect(looks()).toBe(50)
})

test('a look that is given up says nothing of whether the others would be answered', async () => {
  const { look, looks } = await failing(5)
  await expect(look(() => Promise.reject(new Error('given up')))).rejects.toThrow('given up')
  await Promise.allSettled(Array.from({ length: 50 }, () => look(lost)))
  expect(looks()).toBe(2)
})

test('a few that are lost keep nobody from looking', async () => {
  const { look, looks } = await failing(2)
  await Promise.allSettled([look(async () => 1), look(async () => 2)])
  expect(looks()).toBe(2)
})
