import { testDatabase } from '@loqui/db/testing'
import { expect, test } from 'vitest'
import { createProviderLimiter } from './provider.ts'

const { db } = await testDatabase()
const { signal } = new AbortController()

test('what all processes take together is no more than the provider allows, and who is aborted stops waiting', async () => {
  const processes = [1, 2].map(() => createProviderLimiter(db, 'one', 10))
  await Promise.all(processes.flatMap(({ take }) => Array.from({ length: 5 }, () => take(signal))))
  const leaving = new AbortController()
  const waiting = processes.map(({ take }) => take(leaving.signal))
  const reason = new Error('enough')
  leaving.abort(reason)
  expect(await Promise.allSettled(waiting)).toEqual([1, 2].map(() => ({ status: 'rejected', reason })))
})

test('who waits goes on when there is one more', async () => {
  const { take } = createProviderLimiter(db, 'two', 600)
  await Promise.all(Array.from({ length: 605 }, () => take(signal)))
})
