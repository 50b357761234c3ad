import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { client } from '@loqui/server/testing-client'
import { sql } from 'kysely'
import { atRest, create, endedLongAgo, judge, type Lane, newCreates, rowId, segmentsOf, send } from './lane.ts'
import { providerKillPoints } from './provider-kill-points.ts'
import type { Place, Standing } from './standstill.ts'
import { until } from './until.ts'
import { uploadKillPoints } from './upload-kill-points.ts'

/** A moment at which work could be lost or doubled, and what a SIGKILL there must lead to. */
export interface KillPoint {
  readonly name: string
  /** `npm test` tries it too, and leaves the others, which are near to one of these, to `npm run prove`. */
  readonly inSuite?: true
  /** What has happened when the process dies, and what has not. */
  readonly moment: string
  readonly after: string
  /**
   * Kills once, starts again what was killed, waits and judges.
   *
   * @returns how long it took to come to rest after the restart, in milliseconds.
   * @throws Error when a promise is broken.
   */
  run(lane: Lane): Promise<number>
}

/** What becomes of the statement whose answer the killed process did not live to hear. */
export type Fate = 'commit' | 'rollback'

/** A text of so many segments, each of which is quickly spoken. */
const paragraphs = (count: number) => Array.from({ length: count }, () => 'Go on.').join('\n\n')

const short = paragraphs(4)
/** Slowed down, more than a worker that is told to stop has time for. */
const long = paragraphs(20)

export const killPoints: readonly KillPoint[] = [
  {
    name: 'server: reserved, not answered',
    inSuite: true,
    moment: 'The transaction of a create commits, with reservation, row, event and job; nobody is told.',
    after: 'The generation ends by itself. The create sent again with its key answers that generation.',
    run: (lane) => killCreating(lane, 'commit'),
  },
  {
    name: 'server: reserving',
    moment: 'Everything of a create is written and nothing committed.',
    after: 'Nothing of it is there. The create sent again with its key makes it.',
    run: (lane) => killCreating(lane, 'rollback'),
  },
  {
    name: 'server: draining',
    inSuite: true,
    moment:
      'Told to stop, the server takes no connections any more and waits for the answer to a create, which commits.',
    after: 'As after “reserved, not answered”.',
    run: killDrainingServer,
  },
  {
    name: 'worker: fetched, not claimed',
    inSuite: true,
    moment: 'The queue has given the job to the worker, and no attempt has claimed its generation.',
    after: 'The queue misses the heartbeat and gives the job to the next worker.',
    run: (lane) => killWorker(lane, 'fetched', 'commit'),
  },
  {
    name: 'worker: claiming',
    moment: 'The claim of an attempt is written and not committed.',
    after: 'The next attempt is the first.',
    run: (lane) => killWorker(lane, 'claimed', 'rollback'),
  },
  {
    name: 'worker: claimed',
    inSuite: true,
    moment: 'An attempt has claimed the generation and done nothing.',
    after: 'The next attempt takes the claim over.',
    run: (lane) => killWorker(lane, 'claimed', 'commit'),
  },
  {
    name: 'worker: announced to the engine',
    inSuite: true,
    moment: 'The database says that segments are with the engine; whether the engine has heard of them nobody knows.',
    after: 'These segments, and none that is stored, are synthesized again.',
    run: (lane) => killWorker(lane, 'submitted', 'commit'),
  },
  {
    name: 'worker: spoken, not stored',
    inSuite: true,
    moment:
      'The engine has spoken, the object lies in the store, and no row names it; other segments are with the engine.',
    after: 'The segment is synthesized again; the nameless object is removed.',
    run: (lane) => killWorker(lane, 'stored', 'rollback'),
  },
  {
    name: 'worker: copied, not stored',
    inSuite: true,
    moment: 'The audio of an earlier segment is copied, and no row names the copy.',
    after: 'It is copied again, and no engine is asked; the nameless object is removed.',
    run: killCopying,
  },
  {
    name: 'worker: stored, not heard',
    moment: 'A segment is stored and its row names it; the worker does not know.',
    after: 'This segment is not synthesized again.',
    run: (lane) => killWorker(lane, 'stored', 'commit'),
  },
  {
    name: 'worker: joined, not settled',
    inSuite: true,
    moment: 'The joined audio lies in the store; charge, release and success are written and not committed.',
    after: 'The next attempt joins again and settles; the first audio is removed.',
    run: (lane) => killWorker(lane, 'succeeded', 'rollback'),
  },
  {
    name: 'worker: settled, the queue not told',
    inSuite: true,
    moment: 'The generation is settled; its job is still active.',
    after: 'The queue gives the job on; the next worker finds the generation ended and changes nothing.',
    run: (lane) => killWorker(lane, 'succeeded', 'commit'),
  },
  {
    name: 'worker: telling the queue',
    moment: 'The generation is settled, the completion of its job is written and not committed.',
    after: 'As after “settled, the queue not told”.',
    run: (lane) => killWorker(lane, 'completed', 'rollback'),
  },
  {
    name: 'worker: the queue told',
    moment: 'The completion of the job is committed; the worker does not know.',
    after: 'Nothing is left to do.',
    run: (lane) => killWorker(lane, 'completed', 'commit'),
  },
  {
    name: 'worker: twice, storing and settling',
    inSuite: true,
    moment: 'A first worker dies as in “spoken, not stored”, the second one as in “settled, the queue not told”.',
    after: 'The object that the first left is removed though the second settled.',
    run: killTwice,
  },
  {
    name: 'cancel: canceled, not answered',
    inSuite: true,
    moment: 'The release and the cancellation commit; the server dies before it tells the worker or removes audio.',
    after:
      'The worker finds out by itself. The cancel sent again says that it is canceled. The sweep removes the audio.',
    run: (lane) => killCanceling(lane, 'commit'),
  },
  {
    name: 'cancel: canceling',
    moment: 'The release and the cancellation are written and not committed.',
    after: 'The generation runs on until the cancel is sent again.',
    run: (lane) => killCanceling(lane, 'rollback'),
  },
  {
    name: 'cancel: the worker, storing',
    inSuite: true,
    moment: 'The worker is storing a segment, which is undone; a cancel waits for the same row.',
    after: 'The generation is canceled and released; its audio is removed.',
    run: (lane) => killWhileCanceling(lane, 'rollback'),
  },
  {
    name: 'cancel: the worker, stored',
    moment: 'The worker has stored a segment; a cancel waits for the same row.',
    after: 'The generation is canceled and released; its audio is removed.',
    run: (lane) => killWhileCanceling(lane, 'commit'),
  },
  {
    name: 'sweep: requeueing',
    inSuite: true,
    moment: 'The sweep has found a generation without a job; the job is written and not committed.',
    after: 'The next sweep finds the generation as the first one did.',
    run: (lane) => killRequeueing(lane, 'rollback'),
  },
  {
    name: 'sweep: requeued',
    moment: 'The sweep has given a generation its job back; the worker does not know.',
    after: 'The job runs.',
    run: (lane) => killRequeueing(lane, 'commit'),
  },
  {
    name: 'sweep: purging',
    inSuite: true,
    moment: 'The audio of a canceled generation is removed; that it is gone is not committed.',
    after: 'The next sweep removes what is not there and says so.',
    run: (lane) => killPurging(lane, 'rollback'),
  },
  {
    name: 'sweep: purged',
    moment: 'The audio of a canceled generation is removed and the row says so; the worker does not know.',
    after: 'Nothing is left to do.',
    run: (lane) => killPurging(lane, 'commit'),
  },
  {
    name: 'drain: giving a generation back',
    inSuite: true,
    moment: 'Told to stop, the worker has aborted what it could not finish; that it lets go is not committed.',
    after: 'Stored segments are kept; the queue misses the heartbeat and gives the job on.',
    run: (lane) => killDrainingWorker(lane, 'released', 'rollback'),
  },
  {
    name: 'drain: generation given back, job not',
    moment: 'Told to stop, the worker has let the generation go; its job is still active.',
    after: 'As after “giving a generation back”.',
    run: (lane) => killDrainingWorker(lane, 'released', 'commit'),
  },
  {
    name: 'drain: giving the job back',
    moment: 'The generation is let go; the return of its job is not committed.',
    after: 'As after “giving a generation back”.',
    run: (lane) => killDrainingWorker(lane, 'returned', 'rollback'),
  },
  {
    name: 'drain: job given back',
    inSuite: true,
    moment: 'The job is on the queue again; the worker does not know.',
    after: 'The next worker takes it up at once.',
    run: (lane) => killDrainingWorker(lane, 'returned', 'commit'),
  },
  ...uploadKillPoints,
  ...providerKillPoints,
]

async function killWorker(lane: Lane, place: Place, fate: Fate): Promise<number> {
  const worker = await lane.worker()
  const standing = await lane.standstill.at(place)
  const ids = await create(lane, short)
  await standing.reached()
  await worker.end('SIGKILL')
  await standing[fate]()
  await lane.workerSilent()
  const before = await segmentsOf(lane, ids)
  await lane.worker()
  const tookMs = await atRest(lane, ids)
  await judge(lane, ids, 'succeeded', before)
  return tookMs
}

async function killCopying(lane: Lane): Promise<number> {
  const worker = await lane.worker()
  await atRest(lane, await create(lane, short))
  const standing = await lane.standstill.at('stored')
  const ids = await create(lane, short, lane.users.length, true)
  await standing.reached()
  await worker.end('SIGKILL')
  await standing.rollback()
  await lane.workerSilent()
  const before = await segmentsOf(lane, ids)
  await lane.worker()
  const tookMs = await atRest(lane, ids)
  await judge(lane, ids, 'succeeded', before)
  for (const { cached } of await segmentsOf(lane, ids)) assert.ok(cached, 'a segment was spoken that was there')
  return tookMs
}

async function killTwice(lane: Lane): Promise<number> {
  const first = await lane.worker()
  const storing = await lane.standstill.at('stored')
  const ids = await create(lane, short)
  await storing.reached()
  await first.end('SIGKILL')
  await storing.rollback()
  const settling = await lane.standstill.at('succeeded')
  const second = await lane.worker()
  await settling.reached()
  await second.end('SIGKILL')
  await settling.commit()
  await lane.workerSilent()
  const before = await segmentsOf(lane, ids)
  await lane.worker()
  const tookMs = await atRest(lane, ids)
  await judge(lane, ids, 'succeeded', before)
  return tookMs
}

async function killCreating(lane: Lane, fate: Fate): Promise<number> {
  const { server, creates, standing, answers } = await createStanding(lane)
  await server.end('SIGKILL')
  return afterCreates(lane, { creates, standing, answers, fate })
}

async function killDrainingServer(lane: Lane): Promise<number> {
  const { server, creates, standing, answers } = await createStanding(lane)
  const { port } = new URL(server.url)
  const stopped = server.end('SIGTERM')
  await until('the server takes no connections', () => refuses(Number(port)))
  await server.end('SIGKILL')
  await stopped
  return afterCreates(lane, { creates, standing, answers, fate: 'commit' })
}

/** Sends creates to a server, one of which stands at its commit at least. */
async function createStanding(lane: Lane) {
  await lane.worker()
  const [server] = lane.loqui.servers
  assert.ok(server)
  const standing = await lane.standstill.at('created')
  const creates = newCreates(lane, short)
  const answers = Promise.allSettled(creates.map((one) => send(lane, one)))
  await standing.reached()
  return { server, creates, standing, answers }
}

/** Decides what becomes of the creates of a server that was killed, starts another one and sends them again. */
async function afterCreates(
  lane: Lane,
  { creates, standing, answers, fate }: Omit<Awaited<ReturnType<typeof createStanding>>, 'server'> & { fate: Fate },
): Promise<number> {
  for (const answer of await answers) assert.equal(answer.status, 'rejected', 'nobody was answered')
  const known = await countOf(lane, creates)
  await standing[fate]()
  const made = (await countOf(lane, creates)) - known
  // Of the others nothing had come to the database.
  if (fate === 'commit') assert.ok(made >= 1)
  else assert.equal(made, 0)
  await lane.loqui.startServer()
  const again = await Promise.all(creates.map((one) => send(lane, one)))
  const ids = again.map(({ id }) => rowId(id))
  assert.equal((await countOf(lane, creates)) - known, creates.length, 'generations made by as many creates')
  // The answer is that of the first create, whatever has become of its generation.
  assert.deepEqual(await Promise.all(creates.map((one) => send(lane, one))), again)
  const tookMs = await atRest(lane, ids)
  await judge(lane, ids, 'succeeded', [])
  return tookMs
}

async function countOf(lane: Lane, creates: ReturnType<typeof newCreates>): Promise<number> {
  const users = creates.map(({ user }) => rowId(user.id))
  return (await lane.owner.selectFrom('generation').select('id').where('user_id', 'in', users).execute()).length
}

const refuses = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })

/** Generations that a worker is in the middle of, slowly, two segments at a time. */
async function inTheMiddle(lane: Lane, users: number) {
  for (const running of lane.loqui.workers) await running.end('SIGTERM')
  await lane.standstill.slowDown()
  const worker = await lane.worker({ WORKER_CONCURRENCY: '2' })
  const ids = await create(lane, long, users)
  await until('every generation has a stored segment', async () => {
    const stored = (await segmentsOf(lane, ids)).filter(({ state }) => state === 'stored')
    return new Set(stored.map(({ generation_id }) => generation_id)).size === ids.length
  })
  return { worker, ids }
}

/** Sends the cancels of generations to the server that runs. */
const cancel = (lane: Lane, ids: readonly string[]) =>
  Promise.allSettled(
    lane.users.map((user, index) =>
      client(lane.loqui.url, user).generations.cancel.mutate({ id: `gen_${ids[index]}` }),
    ),
  )

async function killCanceling(lane: Lane, fate: Fate): Promise<number> {
  const { ids } = await inTheMiddle(lane, 2)
  const [server] = lane.loqui.servers
  assert.ok(server)
  const standing = await lane.standstill.at('canceled')
  const answers = cancel(lane, ids)
  await standing.reached()
  await server.end('SIGKILL')
  for (const answer of await answers) assert.equal(answer.status, 'rejected', 'nobody was answered')
  await standing[fate]()
  await lane.loqui.startServer()
  for (const again of await cancel(lane, ids)) {
    assert.equal(again.status === 'fulfilled' && again.value.state, 'canceled')
  }
  await lane.standstill.speedUp()
  const tookMs = await atRest(lane, ids)
  await judge(lane, ids, 'canceled', [])
  return tookMs
}

async function killWhileCanceling(lane: Lane, fate: Fate): Promise<number> {
  const worker = await lane.worker()
  const standing = await lane.standstill.at('stored')
  const ids = await create(lane, short)
  await standing.reached()
  // The ones that stand; the others are canceled before they have come so far.
  const answers = cancel(lane, ids)
  await until('a cancel waits for the row', async () => {
    const { rows } = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
        and query like '%generation_give_up%'
    `.execute(lane.owner)
    return rows.length > 0
  })
  await worker.end('SIGKILL')
  await standing[fate]()
  for (const answer of await answers) {
    assert.equal(answer.status === 'fulfilled' && answer.value.state, 'canceled')
  }
  await lane.worker()
  const tookMs = await atRest(lane, ids)
  await judge(lane, ids, 'canceled', [])
  return tookMs
}

async function killRequeueing(lane: Lane, fate: Fate): Promise<number> {
  for (const worker of lane.loqui.workers) await worker.end('SIGTERM')
  const ids = await create(lane, short)
  await sql`delete from pgboss.job where singleton_key = any(${ids})`.execute(lane.owner)
  await sql`update generation set created_at = created_at - interval '16 seconds' where id = any(${ids})`.execute(
    lane.owner,
  )
  const tookMs = await killSweeping(lane, 'requeued', fate, ids)
  await judge(lane, ids, 'succeeded', [])
  return tookMs
}

async function killPurging(lane: Lane, fate: Fate): Promise<number> {
  for (const worker of lane.loqui.workers) await worker.end('SIGTERM')
  const ids = await create(lane, short)
  await cancel(lane, ids)
  // As a worker leaves it that hears of the cancel late.
  for (const id of ids) await lane.loqui.storage.put(`generations/${id}/${id}/0.pcm`, Buffer.from('late'))
  await endedLongAgo(lane, ids)
  const tookMs = await killSweeping(lane, 'purged', fate, ids)
  await judge(lane, ids, 'canceled', [])
  const purged = await lane.owner.selectFrom('generation').select('purged_at').where('id', 'in', ids).execute()
  for (const { purged_at } of purged) assert.ok(purged_at)
  return tookMs
}

async function killSweeping(lane: Lane, place: Place, fate: Fate, ids: readonly string[]): Promise<number> {
  const standing: Standing = await lane.standstill.at(place)
  const worker = await lane.worker()
  await standing.reached()
  await worker.end('SIGKILL')
  await standing[fate]()
  await lane.worker()
  return atRest(lane, ids)
}

async function killDrainingWorker(lane: Lane, place: Place, fate: Fate): Promise<number> {
  const { worker, ids } = await inTheMiddle(lane, 1)
  const standing = await lane.standstill.at(place)
  const stopped = worker.end('SIGTERM')
  await standing.reached()
  await worker.end('SIGKILL')
  await stopped
  await standing[fate]()
  await lane.workerSilent()
  const before = await segmentsOf(lane, ids)
  await lane.standstill.speedUp()
  await lane.worker()
  const tookMs = await atRest(lane, ids)
  await judge(lane, ids, 'succeeded', before)
  return tookMs
}
