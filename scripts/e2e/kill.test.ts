import { readFile } from 'node:fs/promises'
import { client, eventually, finished, startLoqui } from '@loqui/server/testing'
import { expect, test } from 'vitest'

const concurrency = 4
const loqui = await startLoqui({ env: { WORKER_CONCURRENCY: String(concurrency) } })
const user = await loqui.user()
const api = client(loqui.url, user)
const { items: voices } = await api.voices.list.query()
const voiceId = String(voices[0]?.id)
const chapter = await readFile(new URL('../../packages/core/fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')

const segmentsOf = (id: string) =>
  loqui.db
    .selectFrom('segment')
    .select(['index', 'state', 'attempts', 'audio_key'])
    .where('generation_id', '=', id.replace('gen_', ''))
    .orderBy('index')
    .execute()
const entriesOf = (id: string) =>
  loqui.db
    .selectFrom('quota_entry')
    .select(['kind', 'ms'])
    .where('generation_id', '=', id.replace('gen_', ''))
    .execute()
const generationOf = (id: string) =>
  loqui.db.selectFrom('generation').selectAll().where('id', '=', id.replace('gen_', '')).executeTakeFirstOrThrow()
const objectsOf = async (id: string) =>
  (await Array.fromAsync(loqui.storage.list(`generations/${id.replace('gen_', '')}/`), ({ key }) => key)).sort()

test('a worker killed in the middle: another makes what is missing, and nothing again', async () => {
  const { id, segments } = await api.generations.create.mutate({ text: chapter, voiceId, format: 'wav' })
  expect(segments.total).toBeGreaterThanOrEqual(40)
  await eventually(async () => (await api.generations.status.query({ id })).segments.done).toBeGreaterThanOrEqual(10)

  await loqui.workers[0]?.end('SIGKILL')
  const before = await segmentsOf(id)
  const stored = before.filter(({ state }) => state === 'stored').map(({ index }) => index)
  expect(stored.length).toBeLessThan(segments.total)
  const killedAt = Date.now()
  await loqui.startWorker()
  await eventually(async () => (await generationOf(id)).attempts, 20_000).toBe(2)
  expect(Date.now() - killedAt).toBeLessThan(15_000)

  const done = await finished(api, id)
  const after = await segmentsOf(id)
  expect(after.filter(({ index }) => stored.includes(index)).every(({ attempts }) => attempts === 1)).toBe(true)
  expect(after.every(({ attempts }) => attempts <= 2)).toBe(true)
  expect(after.filter(({ attempts }) => attempts === 2).length).toBeLessThanOrEqual(concurrency)
  expect(await entriesOf(id)).toEqual([
    { kind: 'reserve', ms: done.reservedMs },
    { kind: 'settle', ms: done.durationMs },
  ])
  const kept = [...after.map(({ audio_key }) => audio_key), (await generationOf(id)).audio_key].sort()
  expect(await objectsOf(id), 'objects without a row').toEqual(kept)
}, 90_000)

test('a worker told to stop gives back what it has, and another takes it up at once', async () => {
  const { id } = await api.generations.create.mutate({ text: chapter, voiceId })
  await eventually(async () => (await api.generations.status.query({ id })).segments.done).toBeGreaterThanOrEqual(5)
  const [first] = loqui.workers
  await loqui.startWorker()
  expect(await first?.end('SIGTERM')).toBe(0)
  await finished(api, id)
  expect((await segmentsOf(id)).every(({ attempts }) => attempts <= 2)).toBe(true)
}, 90_000)

test('a worker that sleeps while another finishes its generation wakes up and changes nothing', async () => {
  const { id } = await api.generations.create.mutate({ text: chapter, voiceId })
  await eventually(async () => (await api.generations.status.query({ id })).segments.done).toBeGreaterThanOrEqual(5)
  const [sleeper] = loqui.workers
  sleeper?.pause()
  await loqui.startWorker()
  const done = await finished(api, id)
  const row = await generationOf(id)
  expect(row.attempts).toBe(2)
  sleeper?.resume()

  // It has come to itself when it works again: on the next generation, with the other one gone.
  await loqui.workers.find((worker) => worker !== sleeper)?.end('SIGTERM')
  const next = await api.generations.create.mutate({ text: 'After the sleep.', voiceId })
  await finished(api, next.id)
  expect(await generationOf(id)).toEqual(row)
  expect((await entriesOf(id)).map(({ kind }) => kind)).toEqual(['reserve', 'settle'])
  expect((await api.generations.get.query({ id })).chargedMs).toBe(done.chargedMs)
  const kept = [...(await segmentsOf(id)).map(({ audio_key }) => audio_key), row.audio_key].sort()
  await eventually(() => objectsOf(id)).toEqual(kept)
}, 120_000)

test('a server killed under load has accepted whole generations or none', async () => {
  const victim = await loqui.startServer()
  const calls = Array.from({ length: 60 }, (_, index) =>
    client(victim.url, user).generations.create.mutate({ text: `Number ${index}.`, voiceId }),
  )
  const settled = Promise.allSettled(calls)
  await Promise.any(calls)
  await victim.end('SIGKILL')
  const accepted = (await settled).flatMap((result) => (result.status === 'fulfilled' ? [result.value.id] : []))
  expect(accepted.length).toBeGreaterThan(0)
  for (const id of accepted) await finished(api, id)
  // Those whose answer was lost on the way are whole too.
  await eventually(async () => (await api.usage.current.query()).reservedMs, 30_000).toBe(0)
}, 90_000)
