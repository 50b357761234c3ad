import { expect, test } from 'vitest'
import { createRateStore } from './store.ts'

const failure = (code: string) => Object.assign(new Error(code), { code })
const locked = () => Promise.reject(failure('55P03'))

function storeAt() {
  let now = 0
  const logged: string[] = []
  const log = {
    info: (_: object, message: string) => void logged.push(message),
    warn: (_: object, message: string) => void logged.push(message),
    error: (_: object, message: string) => void logged.push(message),
  }
  return {
    store: createRateStore(log, () => now),
    wait(ms: number) {
      now += ms
    },
    logged,
  }
}

test('while the table cannot be had one call a second asks for it, and the others do not wait', async () => {
  const { store, wait, logged } = storeAt()
  let asked = 0
  const ask = () =>
    store.ask(() => {
      asked++
      return locked()
    })
  for (let second = 0; second < 5; second++) {
    for (let call = 0; call < 20; call++) expect(await ask()).toBeUndefined()
    wait(1_000)
  }
  expect(asked).toBe(5)
  expect(await store.ask(async () => 'there')).toBe('there')
  expect(await store.ask(async () => 'still there')).toBe('still there')
  expect(logged).toEqual(['requests cannot be counted in the database', 'requests are counted in the database again'])
})

test('one that takes long to find out does not let the others wait with it', async () => {
  const { store, wait } = storeAt()
  await store.ask(locked)
  wait(1_000)
  const slow = Promise.withResolvers<string>()
  const finding = store.ask(() => slow.promise)
  expect(await store.ask(async () => 'not asked')).toBeUndefined()
  slow.resolve('there')
  expect(await finding).toBe('there')
  expect(await store.ask(async () => 'asked')).toBe('asked')
})

test.each(['ECONNREFUSED', '57P01', '08006'])('that there is no database (%s) is not its to judge', async (code) => {
  const { store, logged } = storeAt()
  await expect(store.ask(() => Promise.reject(failure(code)))).rejects.toThrow(code)
  expect(await store.ask(async () => 'asked')).toBe('asked')
  expect(logged).toEqual([])
})
