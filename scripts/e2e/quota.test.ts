import { administer } from '@loqui/db/embedded-administer'
import { eventually, finished, startLoqui } from '@loqui/server/testing'
import { expect, test } from 'vitest'
import { openCourse, raceForQuota, raceForQuotaAtRest, tenSeconds } from '../prove/races.ts'

const loqui = await startLoqui({ servers: 2, workers: 0 })
const course = await openCourse(loqui.db, loqui)
const { voiceId } = course

test('of 200 creates at once on two servers, exactly as many are accepted as fit, and all of those end', async () => {
  const { api, accepted } = await raceForQuotaAtRest(course, loqui.servers)
  const worker = await loqui.startWorker()
  const done = await Promise.all(accepted.map(({ id }) => finished(api, id)))
  const usedMs = done.reduce((sum, { chargedMs }) => sum + Number(chargedMs), 0)
  expect(await api.usage.current.query()).toMatchObject({ usedMs, reservedMs: 0, remainingMs: 100_000 - usedMs })
  // What was held and not used is there again.
  expect((await api.generations.create.mutate({ text: tenSeconds, voiceId })).state).toBe('queued')
  await eventually(async () => (await api.usage.current.query()).reservedMs).toBe(0)
  expect(await worker.end('SIGTERM')).toBe(0)
}, 90_000)

test('a worker that settles meanwhile makes room, and never too much', async () => {
  const worker = await loqui.startWorker()
  const { api, accepted } = await raceForQuota(course, loqui.servers)
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
  const isolation = await administer(url.href, `select current_setting('transaction_isolation') as level`)
  expect(isolation).toEqual([{ level: 'repeatable read' }])
  const env = { DATABASE_URL: url.href }
  await raceForQuotaAtRest(course, [await loqui.startServer(env), await loqui.startServer(env)])
}, 60_000)
