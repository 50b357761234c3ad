import assert from 'node:assert/strict'
import { type FakeReplicate, startFakeReplicate } from '@loqui/fake-replicate/server'
import { client } from '@loqui/server/testing-client'
import { sql } from 'kysely'
import type { Fate, KillPoint } from './kill-points.ts'
import { atRest, create, judge, type Lane, segmentsOf } from './lane.ts'
import type { Place } from './standstill.ts'

const afterwards = 'What was accepted is followed; nothing is asked for, or paid, a second time.'

/** Where a worker writes down what it asks a provider for. */
export const providerKillPoints: readonly KillPoint[] = [
  {
    name: 'provider: announcing',
    moment: 'That the provider is about to be asked is written and not committed; it has not been asked.',
    after: 'It is asked once.',
    run: (lane) => killCalling(lane, 'announced', 'rollback'),
  },
  {
    name: 'provider: announced, not asked',
    moment: 'It is written down that the provider is about to be asked; it has not been asked.',
    after: 'The call is looked for and not found, and another one is made.',
    run: (lane) => killCalling(lane, 'announced', 'commit'),
  },
  {
    name: 'provider: accepted, its id not stored',
    inSuite: true,
    moment: 'The provider makes what it was asked for; the id by which it knows it is not committed.',
    after: afterwards,
    run: (lane) => killCalling(lane, 'accepted', 'rollback'),
  },
  {
    name: 'provider: accepted, its id stored',
    moment: 'The provider makes what it was asked for, and its id is written down; the worker does not know.',
    after: afterwards,
    run: (lane) => killCalling(lane, 'accepted', 'commit'),
  },
  {
    name: 'provider: made, its cost not counted',
    inSuite: true,
    moment: 'The provider has made it, and it was fetched; that it ended, and what it cost, is not committed.',
    after: afterwards,
    run: (lane) => killCalling(lane, 'called', 'rollback'),
  },
  {
    name: 'provider: made and paid, not stored',
    inSuite: true,
    moment: 'The provider has made it and its cost is counted; its audio was in the memory of the worker.',
    after: `${afterwards} Its audio is fetched again.`,
    run: (lane) => killCalling(lane, 'called', 'commit'),
  },
]

let texts = 0

async function killCalling(lane: Lane, place: Place, fate: Fate): Promise<number> {
  const fake = await startFakeReplicate({ createsPerMinute: 10_000 })
  const env = { REPLICATE_API_TOKEN: fake.token, REPLICATE_BASE_URL: fake.baseUrl }
  const plain = await servedWith(lane, env)
  try {
    const worker = await lane.worker(env)
    const voices = await client(lane.loqui.url, lane.users[0]).voices.list.query({ engine: 'chatterbox' })
    const voiceId = String(voices.items[0]?.id)
    const standing = await lane.standstill.at(place)
    const text = ['One of them.', 'Another one.'].map((each) => `${each} Number ${++texts}.`).join('\n\n')
    const ids = await create({ ...lane, voiceId }, text, 1)
    await standing.reached()
    await worker.end('SIGKILL')
    await standing[fate]()
    await lane.workerSilent()
    const before = await segmentsOf(lane, ids)
    await lane.worker(env)
    const tookMs = await atRest(lane, ids)
    await judge(lane, ids, 'succeeded', before)
    await judgeCalls(lane, fake, ids)
    return tookMs
  } finally {
    await plain()
    await fake.close()
  }
}

/** One creation of each segment, and each of them counted. */
async function judgeCalls(lane: Lane, fake: FakeReplicate, ids: readonly string[]): Promise<void> {
  const made = fake.predictions.map(({ text }) => text).toSorted()
  assert.deepEqual(made, [...new Set(made)], 'a segment was asked for twice')
  assert.equal(made.length, (await segmentsOf(lane, ids)).length)
  const { rows } = await sql<{ micros: number }>`
    select sum(actual_cost_micros)::integer as micros from generation where id = any(${ids})
  `.execute(lane.owner)
  assert.equal(rows[0]?.micros, fake.billedMicros, 'micro-dollars counted and billed')
}

/** Has the lane served by a server of this environment. @returns what brings its own back. */
async function servedWith(lane: Lane, env: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  const end = async () => {
    for (const running of [...lane.loqui.workers, ...lane.loqui.servers]) await running.end('SIGTERM')
  }
  await end()
  await lane.loqui.startServer(env)
  return async () => {
    await end()
    await lane.loqui.startServer()
  }
}
