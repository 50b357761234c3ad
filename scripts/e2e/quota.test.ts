import type { Generation } from '@loqui/core/generations/generation'
import { createDb } from '@loqui/db/client'
import { client, eventually, finished, refusal, startLoqui, type TestServer } from '@loqui/server/testing'
import { expect, test } from 'vitest'

const loqui = await startLoqui({ servers: 2, workers: 0 })
const admin = client(loqui.url, await loqui.user({ role: 'admin' }))
await admin.admin.plans.upsert.mutate({
  id: 'hundred',
  name: 'A hundred seconds',
  secondsPerMonth: 100,
  requestsPerMinute: 1000,
  concurrency: 100,
  storageBytes: 1_000_000_000,
  maxCharacters: 1000,
})
const voiceId = String((await admin.voices.list.query()).items[0]?.id)

/** About ten seconds of speech. */
const text =
  'Here is a text of about ten seconds, which is spoken two hundred times at once, or would be if there were ' +
  'room for all of it in the plan that this person has.'

/** Asks 200 times at once, on all servers in turn, and expects that whoever is refused is so for want of quota. */
async function race(servers: readonly TestServer[]) {
  const user = await loqui.user({ planId: 'free' })
  await admin.admin.users.update.mutate({ id: user.id, planId: 'hundred' })
  const apis = servers.map(({ url }) => client(url, user))
  const [api] = apis
  if (!api) throw new Error('no server runs')
  const results = await Promise.allSettled(
    Array.from({ length: 200 }, (_, index) =>
      (apis[index % apis.length] ?? api).generations.create.mutate({ text, voiceId }),
    ),
  )
  const accepted: Generation[] = []
  for (const result of results) {
    if (result.status === 'fulfilled') accepted.push(result.value)
    else {
      expect(await refusal(Promise.reject(result.reason))).toMatchObject({
        reason: 'quota_exceeded',
        status: 429,
        message: expect.stringMatching(
          /^This text needs up to [\d.]+ s of audio, and [\d.]+ s are left in this period\.$/,
        ),
      })
    }
  }
  return { api, accepted }
}

async function expectAsManyAsFit(servers: readonly TestServer[]) {
  const { api, accepted } = await race(servers)
  const heldMs = accepted[0]?.reservedMs ?? 0
  expect(heldMs).toBeGreaterThan(8_000)
  expect(accepted).toHaveLength(Math.floor(100_000 / heldMs))
  expect(await api.usage.current.query()).toMatchObject({
    grantedMs: 100_000,
    usedMs: 0,
    reservedMs: accepted.length * heldMs,
    remainingMs: 100_000 - accepted.length * heldMs,
  })
  return { api, accepted }
}

test('of 200 creates at once on two servers, exactly as many are accepted as fit, and all of those end', async () => {
  const { api, accepted } = await expectAsManyAsFit(loqui.servers)
  const worker = await loqui.startWorker()
  const done = await Promise.all(accepted.map(({ id }) => finished(api, id)))
  const usedMs = done.reduce((sum, { chargedMs }) => sum + Number(chargedMs), 0)
  expect(await api.usage.current.query()).toMatchObject({ usedMs, reservedMs: 0, remainingMs: 100_000 - usedMs })
  // What was held and not used is there again.
  expect((await api.generations.create.mutate({ text, voiceId })).state).toBe('queued')
  await eventually(async () => (await api.usage.current.query()).reservedMs).toBe(0)
  expect(await worker.end('SIGTERM')).toBe(0)
}, 90_000)

test('a worker that settles meanwhile makes room, and never too much', async () => {
  const worker = await loqui.startWorker()
  const { api, accepted } = await race(loqui.servers)
  expect(accepted.length).toBeGreaterThanOrEqual(Math.floor(100_000 / Number(accepted[0]?.reservedMs)))
  const done = await Promise.all(accepted.map(({ id }) => finished(api, id)))
  const { usedMs } = await api.usage.current.query()
  expect(usedMs).toBe(done.reduce((sum, { chargedMs }) => sum + Number(chargedMs), 0))
  expect(usedMs).toBeLessThanOrEqual(100_000)
  expect(await worker.end('SIGTERM')).toBe(0)
}, 90_000)

test('a database whose transactions see only their beginning overspends no more than another', async () => {
  const url = new URL(loqui.connectionString)
  url.searchParams.set('options', '-c default_transaction_isolation=repeatable\\ read')
  const db = createDb({ connectionString: url.href })
  const isolation = await db
    .selectNoFrom((eb) => eb.fn<string>('current_setting', [eb.val('transaction_isolation')]).as('level'))
    .execute()
  await db.destroy()
  expect(isolation).toEqual([{ level: 'repeatable read' }])
  const env = { DATABASE_URL: url.href }
  await expectAsManyAsFit([await loqui.startServer(env), await loqui.startServer(env)])
}, 60_000)
