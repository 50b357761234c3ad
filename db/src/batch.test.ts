import { expect, test } from 'vitest'
import { createBatcher } from './batch.ts'

/** A run that notes its batches and answers when told. */
function bench(most = 10) {
  const batches: (readonly number[])[] = []
  const answers: PromiseWithResolvers<readonly number[]>[] = []
  const call = createBatcher((calls: readonly number[]) => {
    const answer = Promise.withResolvers<readonly number[]>()
    batches.push(calls)
    answers.push(answer)
    return answer.promise
  }, most)
  const settle = async (index: number, outcome: readonly number[] | Error) => {
    await expect.poll(() => answers.length).toBeGreaterThan(index)
    if (outcome instanceof Error) answers[index]?.reject(outcome)
    else answers[index]?.resolve(outcome)
  }
  return { call, batches, settle }
}

const refusal = (severity: string) => Object.assign(new Error('refused'), { severity })

test('calls that come while a batch is on its way go together after it', async () => {
  const { call, batches, settle } = bench()
  const first = call(1)
  await expect.poll(() => batches).toEqual([[1]])
  const others = [call(2), call(3)]
  await settle(0, [10])
  await settle(1, [20, 30])
  expect(await first).toBe(10)
  expect(await Promise.all(others)).toEqual([20, 30])
  expect(batches).toEqual([[1], [2, 3]])
})

test('no batch is larger than it may be', async () => {
  const { call, batches, settle } = bench(2)
  const calls = [call(1), call(2), call(3)]
  await settle(0, [1, 2])
  await settle(1, [3])
  expect(await Promise.all(calls)).toEqual([1, 2, 3])
  expect(batches).toEqual([[1, 2], [3]])
})

test('a batch that the database refused is made one by one, so that one fault is one call’s', async () => {
  const { call, batches, settle } = bench()
  const calls = Promise.allSettled([call(1), call(2)])
  await settle(0, refusal('ERROR'))
  await settle(1, refusal('ERROR'))
  await settle(2, [20])
  expect(await calls).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled', value: 20 }])
  expect(batches).toEqual([[1, 2], [1], [2]])
})

test('a batch of which nobody knows what became of it is not made again', async () => {
  const { call, batches, settle } = bench()
  const calls = Promise.allSettled([call(1), call(2)])
  await settle(0, refusal('FATAL'))
  expect(await calls).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  expect(batches).toEqual([[1, 2]])
})

test('too few answers are nobody’s', async () => {
  const { call, settle } = bench()
  const calls = Promise.allSettled([call(1), call(2)])
  await settle(0, [10])
  expect(await calls).toMatchObject([{ status: 'fulfilled', value: 10 }, { status: 'rejected' }])
})
