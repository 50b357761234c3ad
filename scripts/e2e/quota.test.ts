import { client, eventually, refusal, startLoqui } from '@loqui/server/testing'
import { expect, test } from 'vitest'

const loqui = await startLoqui({ servers: 2 })
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

/** About ten seconds of speech. */
const text =
  'Here is a text of about ten seconds, which is spoken two hundred times at once, or would be if there were ' +
  'room for all of it in the plan that this person has.'

test('of 200 creates at once on two servers, exactly as many are accepted as fit', async () => {
  const user = await loqui.user({ planId: 'free' })
  await admin.admin.users.update.mutate({ id: user.id, planId: 'hundred' })
  const apis = loqui.servers.map(({ url }) => client(url, user))
  const [api] = apis
  if (!api) throw new Error('no server runs')
  const voiceId = String((await api.voices.list.query()).items[0]?.id)

  const results = await Promise.allSettled(
    Array.from({ length: 200 }, (_, index) =>
      (apis[index % apis.length] ?? api).generations.create.mutate({ text, voiceId }),
    ),
  )
  const accepted = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const refused = results.filter((result) => result.status === 'rejected')
  const each = accepted[0]?.reservedMs ?? 0
  expect(each).toBeGreaterThan(8_000)
  // Some may have settled for less than they held before the last ones came, which makes room for another.
  const { grantedMs, usedMs, reservedMs } = await api.usage.current.query()
  expect(usedMs + reservedMs).toBeLessThanOrEqual(grantedMs)
  expect(accepted.length).toBeGreaterThanOrEqual(Math.floor(100_000 / each))
  for (const { reason } of refused) {
    expect(await refusal(Promise.reject(reason))).toMatchObject({ reason: 'quota_exceeded', status: 429 })
  }
  expect(accepted.length + refused.length).toBe(200)

  await eventually(async () => (await api.usage.current.query()).reservedMs, 60_000).toBe(0)
  const { items } = await api.generations.list.query({ limit: 100 })
  expect(items.map(({ state }) => state)).toEqual(accepted.map(() => 'succeeded'))
  const charged = items.reduce((sum, { chargedMs }) => sum + (chargedMs ?? 0), 0)
  expect((await api.usage.current.query()).usedMs).toBe(charged)
}, 90_000)

test('with nothing settling meanwhile, the number accepted is the quota divided by what each holds', async () => {
  await Promise.all(loqui.workers.map((worker) => worker.end('SIGTERM')))
  const user = await loqui.user({ planId: 'hundred' })
  const apis = loqui.servers.map(({ url }) => client(url, user))
  const [api] = apis
  if (!api) throw new Error('no server runs')
  const voiceId = String((await api.voices.list.query()).items[0]?.id)
  const results = await Promise.allSettled(
    Array.from({ length: 200 }, (_, index) =>
      (apis[index % apis.length] ?? api).generations.create.mutate({ text, voiceId }),
    ),
  )
  const accepted = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  expect(accepted.length).toBe(Math.floor(100_000 / (accepted[0]?.reservedMs ?? 1)))
  expect(await api.usage.current.query()).toMatchObject({
    usedMs: 0,
    reservedMs: accepted.length * (accepted[0]?.reservedMs ?? 0),
  })
}, 60_000)
