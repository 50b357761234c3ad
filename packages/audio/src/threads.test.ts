import { afterEach, expect, test } from 'vitest'
import { createThreads, type Threads } from './threads.ts'

// A thread that answers each step with its own number, and dies when told to finish.
const mortalThread = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, threadId } from 'node:worker_threads'
    parentPort.on('message', ({ encoding, step }) => {
      if (step.take === 'finish') throw new Error('a trap')
      if (step !== 'drop') parentPort.postMessage({ encoding, taken: { bytes: Uint8Array.of(threadId) } })
    })
  `)}`,
)
const step = { take: 'silence', samples: 1 } as const

let threads: Threads
afterEach(() => threads.close())

test('encodings spread over the threads, and what was dropped counts no more', async () => {
  threads = createThreads(2, mortalThread)
  const [first, second, third] = [threads.open(), threads.open(), threads.open()]
  const [a, b, c] = await Promise.all([first.take(step), second.take(step), third.take(step)])
  expect(a).not.toEqual(b)
  expect(c).toEqual(a)
  first.drop()
  third.drop()
  expect(await threads.open().take(step)).toEqual(a)
})

test('a thread that crashes fails its own encodings and no other, and another takes its place', async () => {
  threads = createThreads(2, mortalThread)
  const [first, second, third] = [threads.open(), threads.open(), threads.open()]
  const [dead, alive] = await Promise.all([first.take(step), second.take(step)])

  const waiting = first.take(step)
  await expect(third.take({ take: 'finish' })).rejects.toMatchObject({
    message: 'The thread that encoded this audio ended',
    cause: expect.objectContaining({ message: 'a trap' }),
  })
  await expect(waiting).resolves.toEqual(dead)
  await expect(first.take(step)).rejects.toThrow('The thread that encoded this audio ended')
  expect(await second.take(step)).toEqual(alive)

  const replacement = await threads.open().take(step)
  expect(replacement).not.toEqual(dead)
  expect(replacement).not.toEqual(alive)
})

test('closing rejects the steps that wait, and nothing opens afterwards', async () => {
  threads = createThreads(1, mortalThread)
  const waiting = threads.open().take(step)
  await Promise.all([threads.close(), expect(waiting).rejects.toThrow('The thread that encoded this audio ended')])
  expect(() => threads.open()).toThrow('The audio threads were closed')
})

test('a pool without threads is refused', () => {
  for (const count of [0, -1, 1.5, Number.NaN]) {
    expect(() => createThreads(count, mortalThread)).toThrow(
      new RangeError(`threads must be an integer from 1, not ${count}`),
    )
  }
})
