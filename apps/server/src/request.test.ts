import { describe, expect, test } from 'vitest'
import { client, startLoqui, type TestUser } from './testing.ts'

const loqui = await startLoqui()

describe('a call that an SDK repeats without an Idempotency-Key', () => {
  const create = async (user: TestUser | string, text: string, retryCount: string) => {
    const authorization = `Bearer ${typeof user === 'string' ? user : user.key}`
    const api = client(loqui.url, { authorization, 'x-stainless-retry-count': retryCount })
    const { items } = await api.voices.list.query()
    return (await api.generations.create.mutate({ text, voiceId: String(items[0]?.id) })).id
  }

  test('makes one generation, and two when it is not said to be repeated', async () => {
    const user = await loqui.user()
    const first = await create(user, 'Once.', '0')
    expect([await create(user, 'Once.', '1'), await create(user, 'Once.', '2')]).toEqual([first, first])
    expect(await create(user, 'Another.', '1')).not.toBe(first)
    const again = await create(user, 'Once.', '0')
    expect(again).not.toBe(first)
    expect(await create(user, 'Once.', '1')).toBe(again)
  })

  test('is another’s call by other credentials', async () => {
    const [ada, bob] = [await loqui.user(), await loqui.user()]
    const { secret } = await client(loqui.url, ada).keys.create.mutate({ name: 'other' })
    const ids = [await create(ada, 'Same.', '0'), await create(secret, 'Same.', '1'), await create(bob, 'Same.', '1')]
    expect(new Set(ids).size).toBe(3)
  })

  test.for(['-1', '1.5', '101', '1e2', 'one', ''])('is none by a count of %s', async (count) => {
    const user = await loqui.user()
    expect(await create(user, 'Once.', count)).not.toBe(await create(user, 'Once.', count))
  })
})
