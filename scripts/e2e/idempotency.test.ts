import { client, eventually, refusal, startLoqui, type TestServer, type TestUser } from '@loqui/server/testing'
import { expect, test } from 'vitest'
import { createWithKey, generationsOf, openCourse, raceForKey } from '../prove/races.ts'

const loqui = await startLoqui({ servers: 2, workers: 0 })
const course = await openCourse(loqui.db, loqui)
const { voiceId } = course

/** Creates with a key on the server of this number, and answers the bytes that came back. */
function create(user: TestUser, number: number, idempotencyKey: string, text?: string): Promise<string> {
  const server = loqui.servers[number % loqui.servers.length] as TestServer
  return createWithKey(server, user, { idempotencyKey, voiceId, ...(text !== undefined && { text }) })
}

const rowsOf = (user: TestUser) => generationsOf(loqui.db, user)

test('fifty creates with one key on two servers make one generation, and all are answered the same bytes', () =>
  raceForKey(course))

test('the same key for another text is refused, whatever became of the first', async () => {
  const user = await loqui.user()
  await create(user, 0, 'taken')
  const again = client(loqui.url, { authorization: `Bearer ${user.key}`, 'idempotency-key': 'taken' })
  expect(await refusal(again.generations.create.mutate({ text: 'Say something else.', voiceId }))).toMatchObject({
    reason: 'idempotency_key_reused',
    status: 422,
  })
  expect(await rowsOf(user)).toHaveLength(1)
})

test('a create that was refused takes no key', async () => {
  const user = await loqui.user()
  expect(JSON.parse(await create(user, 0, 'again', ' ')).error.json.data.reason).toBe('text_empty')
  expect(JSON.parse(await create(user, 1, 'again')).result.data.json.state).toBe('queued')
})

test('creates repeated elsewhere after their server was killed are made once', async () => {
  const user = await loqui.user()
  const [victim] = loqui.servers
  if (!victim) throw new Error('no server runs')
  const keys = Array.from({ length: 200 }, (_, index) => `create ${index}`)
  const dying = Promise.allSettled(keys.map((key) => create(user, 0, key)))
  await eventually(async () => (await rowsOf(user)).length).toBeGreaterThan(20)
  await victim.end('SIGKILL')
  const first = await dying
  const second = await Promise.all(keys.map((key) => create(user, 0, key)))
  expect(await rowsOf(user)).toHaveLength(keys.length)
  for (const [index, answer] of first.entries()) {
    // A whole answer, and not the silence of a killed server.
    if (answer.status === 'fulfilled' && answer.value !== '') expect(second[index]).toBe(answer.value)
  }
  expect(first.some(({ status }) => status === 'rejected')).toBe(true)
})
