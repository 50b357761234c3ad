import { client, eventually, refusal, startLoqui, type TestUser } from '@loqui/server/testing'
import { expect, test } from 'vitest'

const loqui = await startLoqui({ servers: 2, workers: 0 })
const voiceId = String((await client(loqui.url, await loqui.user()).voices.list.query()).items[0]?.id)

/** Creates with a key on the server of this number, and answers the bytes that came back. */
async function create(user: TestUser, server: number, key: string, text = 'Say it once.'): Promise<string> {
  const { url } = loqui.servers[server % loqui.servers.length] ?? { url: loqui.url }
  const response = await fetch(`${url}/trpc/generations.create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${user.key}`, 'idempotency-key': key },
    body: JSON.stringify({ json: { text, voiceId } }),
  })
  return response.text()
}

const rowsOf = ({ id }: TestUser) =>
  loqui.db.selectFrom('generation').select('id').where('user_id', '=', id.replace('usr_', '')).execute()

test('fifty creates with one key on two servers make one generation, and all are answered the same bytes', async () => {
  const user = await loqui.user()
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => create(user, index, 'only')))
  expect(new Set(answers).size).toBe(1)
  expect(JSON.parse(String(answers[0])).result.data.json.state).toBe('queued')
  expect(await rowsOf(user)).toHaveLength(1)
  expect(await create(user, 0, 'only')).toBe(answers[0])
})

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
