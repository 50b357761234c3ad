import { readFile } from 'node:fs/promises'
import { client, eventually, finished, startLoqui, type TestProcess } from '@loqui/server/testing'
import { expect, test } from 'vitest'

const concurrency = 4
const loqui = await startLoqui({ workers: 0, env: { WORKER_CONCURRENCY: String(concurrency) } })
const user = await loqui.user()
const api = client(loqui.url, user)
const { items: voices } = await api.voices.list.query()
const voiceId = String(voices[0]?.id)
const chapter = await readFile(new URL('../../packages/core/fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')

const rowId = (id: string) => id.replace('gen_', '')
const segmentsOf = (id: string) =>
  loqui.db
    .selectFrom('segment')
    .select(['index', 'state', 'attempts', 'audio_key'])
    .where('generation_id', '=', rowId(id))
    .orderBy('index')
    .execute()
const entriesOf = (id: string) =>
  loqui.db.selectFrom('quota_entry').select(['kind', 'ms']).where('generation_id', '=', rowId(id)).execute()
const generationOf = (id: string) =>
  loqui.db.selectFrom('generation').selectAll().where('id', '=', rowId(id)).executeTakeFirstOrThrow()

/** The objects of a generation are those its rows name, and no others. */
async function expectNoOrphans(id: string): Promise<void> {
  const { audio_key } = await generationOf(id)
  const named = [...(await segmentsOf(id)).map(({ audio_key: key }) => key), audio_key].sort()
  await eventually(async () =>
    (await Array.fromAsync(loqui.storage.list(`generations/${rowId(id)}/`), ({ key }) => key)).sort(),
  ).toEqual(named)
}

/** A generation of which a worker has stored some segments and has more before it. */
async function inTheMiddle(
  text: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ id: string; worker: TestProcess; total: number }> {
  const worker = await loqui.startWorker(env)
  const { id, segments } = await api.generations.create.mutate({ text, voiceId, format: 'wav', cache: false })
  await eventually(async () => (await api.generations.status.query({ id })).segments.done).toBeGreaterThanOrEqual(5)
  return { id, worker, total: segments.total }
}

test('a worker killed in the middle: after a restart what is missing is made, and nothing again', async () => {
  const { id, worker, total } = await inTheMiddle(chapter)
  expect(total).toBeGreaterThanOrEqual(40)
  await worker.end('SIGKILL')
  const before = await segmentsOf(id)
  const inFlight = before.filter(({ state }) => state === 'submitted').map(({ index }) => index)
  const stored = before.filter(({ state }) => state === 'stored').map(({ index }) => index)
  expect(stored.length).toBeLessThan(total)
  expect(inFlight.length).toBeLessThanOrEqual(concurrency)

  const restarted = performance.now()
  const next = await loqui.startWorker()
  await eventually(async () => (await generationOf(id)).attempts).toBe(2)
  expect(performance.now() - restarted).toBeLessThan(15_000)

  const done = await finished(api, id)
  const after = await segmentsOf(id)
  expect(after.map(({ attempts }) => attempts)).toEqual(after.map(({ index }) => (inFlight.includes(index) ? 2 : 1)))
  expect(after.filter(({ index }) => stored.includes(index))).toEqual(
    before.filter(({ index }) => stored.includes(index)),
  )
  expect(done.chargedMs).toBe(done.durationMs)
  expect(await entriesOf(id)).toEqual([
    { kind: 'reserve', ms: done.reservedMs },
    { kind: 'settle', ms: done.durationMs },
  ])
  await expectNoOrphans(id)
  expect(await next.end('SIGTERM')).toBe(0)
}, 90_000)

test('a worker told to stop gives back what it has, and another takes it up at once', async () => {
  // One segment at a time, it has more to do than it is given time for.
  const { id, worker } = await inTheMiddle(chapter, { WORKER_CONCURRENCY: '1' })
  const other = await loqui.startWorker()
  expect(await worker.end('SIGTERM')).toBe(0)
  const stopped = performance.now()
  if ((await generationOf(id)).finished_at === null) {
    await eventually(async () => (await generationOf(id)).attempts).toBe(2)
    expect(performance.now() - stopped).toBeLessThan(3_000)
  }
  await finished(api, id)
  const segments = await segmentsOf(id)
  expect(segments.filter(({ attempts }) => attempts > 1).length).toBeLessThanOrEqual(concurrency)
  expect(segments.every(({ attempts }) => attempts <= 2)).toBe(true)
  await expectNoOrphans(id)
  expect(await other.end('SIGTERM')).toBe(0)
}, 90_000)

test('a worker that sleeps while another finishes its generation wakes up and changes nothing', async () => {
  const { id, worker: sleeper } = await inTheMiddle(chapter.slice(0, 5_000), { WORKER_CONCURRENCY: '1' })
  sleeper.pause()
  const other = await loqui.startWorker()
  const done = await finished(api, id)
  const row = await generationOf(id)
  expect(row.attempts).toBe(2)
  expect(await other.end('SIGTERM')).toBe(0)

  sleeper.resume()
  // It has come to itself when it works again.
  const { id: next } = await api.generations.create.mutate({ text: 'After the sleep.', voiceId })
  await finished(api, next)
  expect(await generationOf(id)).toEqual(row)
  expect(await entriesOf(id)).toEqual([
    { kind: 'reserve', ms: done.reservedMs },
    { kind: 'settle', ms: done.durationMs },
  ])
  await expectNoOrphans(id)
  expect(await sleeper.end('SIGTERM')).toBe(0)
}, 90_000)

/** Creates until the server is gone; answers the ids it said it had taken. */
async function createUntilGone(url: string, load: number): Promise<string[]> {
  const accepted: string[] = []
  const { generations } = client(url, user)
  const keepCreating = async () => {
    for (;;) accepted.push((await generations.create.mutate({ text: `Number ${accepted.length}.`, voiceId })).id)
  }
  await Promise.allSettled(Array.from({ length: load }, keepCreating))
  return accepted
}

const taken = (userId: string) =>
  loqui.db.selectFrom('generation').select('id').where('user_id', '=', userId.replace('usr_', '')).execute()

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a server that gets %s under load has taken whole generations or none',
  async (signal) => {
    const [victim, before] = [await loqui.startServer(), (await taken(user.id)).length]
    const creating = createUntilGone(victim.url, 8)
    await eventually(async () => (await taken(user.id)).length).toBeGreaterThan(before + 10)
    expect(await victim.end(signal)).toBe(signal === 'SIGTERM' ? 0 : null)
    const accepted = await creating
    expect(accepted.length).toBeGreaterThan(0)
    const ids = (await taken(user.id)).map(({ id }) => `gen_${id}`)
    expect(ids).toEqual(expect.arrayContaining(accepted))
    // What was being answered when the server was told to stop was answered.
    if (signal === 'SIGTERM') expect(ids.length - before).toBe(accepted.length)

    // Those whose answer was lost on the way are whole too: each has its job, and ends.
    const worker = await loqui.startWorker()
    await eventually(async () => (await api.usage.current.query()).reservedMs, 60_000).toBe(0)
    for (const id of accepted) expect((await api.generations.status.query({ id })).state).toBe('succeeded')
    expect(await worker.end('SIGTERM')).toBe(0)
  },
  90_000,
)
