import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import type { ClientRequest } from 'node:http'
import path from 'node:path'
import { sql } from 'kysely'
import type { Fate, KillPoint } from './kill-points.ts'
import { type Lane, rowId } from './lane.ts'
import { until } from './until.ts'
import { answerOf, begin, newUpload, send, type Upload } from './uploading.ts'

const afterwards = 'Nothing of it is there after the sweep. Sent again with its key it makes one sample.'

/** Where an upload writes something: to the database, to its draft, to the store. */
export const uploadKillPoints: readonly KillPoint[] = [
  {
    name: 'upload: reserving',
    moment: 'Room for an upload is written down and not committed.',
    after: afterwards,
    run: (lane) => killUploading(lane, 'reserved', 'rollback'),
  },
  {
    name: 'upload: reserved',
    moment: 'Room for an upload is held; nothing of it has been read.',
    after: afterwards,
    run: (lane) => killUploading(lane, 'reserved', 'commit'),
  },
  {
    name: 'upload: on the way',
    inSuite: true,
    moment: 'Of one upload nothing has come, of one a half, and one is whole: it is inspected, or stored.',
    after: afterwards,
    run: killReceiving,
  },
  {
    name: 'upload: stored, not written down',
    inSuite: true,
    moment: 'The object lies in the store; its row is written and not committed.',
    after: `${afterwards} The first object is removed.`,
    run: (lane) => killUploading(lane, 'kept', 'rollback'),
  },
  {
    name: 'upload: written down, not answered',
    moment: 'The sample is there; nobody is told.',
    after: 'Sent again with its key it answers that sample.',
    run: (lane) => killUploading(lane, 'kept', 'commit'),
  },
]

async function killUploading(lane: Lane, place: 'reserved' | 'kept', fate: Fate): Promise<number> {
  const [server] = lane.loqui.servers
  assert.ok(server)
  const uploads = lane.users.map(({ key }) => newUpload(key))
  const known = await lookAt(lane)
  const standing = await lane.standstill.at(place)
  const answers = Promise.allSettled(uploads.map((upload) => send(server.url, upload)))
  await standing.reached()
  await server.end('SIGKILL')
  for (const answer of await answers) assert.equal(answer.status, 'rejected', 'nobody was answered')
  await standing[fate]()
  const made = (await samplesOf(lane)).length - known.samples
  if (place === 'kept' && fate === 'commit') assert.ok(made >= 1)
  else assert.equal(made, 0)
  return afterUploads(lane, uploads, known)
}

async function killReceiving(lane: Lane): Promise<number> {
  const [server] = lane.loqui.servers
  const [first, second] = lane.users
  assert.ok(server && first && second)
  const uploads = [newUpload(first.key), newUpload(first.key), newUpload(second.key)]
  const known = await lookAt(lane)
  const begun = uploads.map((upload) => begin(server.url, upload))
  const answers = Promise.allSettled(begun.map((request) => answerOf(request)))
  await until('there is room for all of them', async () => (await reservations(lane)) === uploads.length)
  await Promise.all([sendShare(begun[0], uploads[0], 0.5), sendShare(begun[1], uploads[1], 1)])
  await server.end('SIGKILL')
  // The whole one may be done by now, if this process was not given a core for long enough.
  const [half, , nothing] = await answers
  assert.deepEqual([half?.status, nothing?.status], ['rejected', 'rejected'], 'who was answered')
  return afterUploads(lane, uploads, known)
}

/** Sends a share of a form's bytes, and waits until the connection has them. */
async function sendShare(begun?: ClientRequest, upload?: Upload, share = 1): Promise<void> {
  assert.ok(begun && upload)
  const { body } = upload.form
  await new Promise((resolve) => begun.write(body.subarray(0, body.length * share), resolve))
}

/**
 * Starts another server, skips the time in which the dead one might have been silent only, waits for the sweep, sends the
 * uploads again and judges what there is.
 *
 * @param known what there was before.
 */
async function afterUploads(lane: Lane, uploads: readonly Upload[], known: Known): Promise<number> {
  await lane.loqui.startServer()
  await lane.worker()
  const began = performance.now()
  await sql`update upload set expires_at = clock_timestamp()`.execute(lane.owner)
  const swept = async () => (await reservations(lane)) === 0 && (await orphans(lane, known)).length === 0
  await until('nothing is left that no row names', swept, lane.convergenceMs + sweepMs)
  const tookMs = performance.now() - began

  const again = await Promise.all(uploads.map((upload) => send(lane.loqui.url, upload)))
  assert.deepEqual(
    again.map(({ status }) => status),
    uploads.map(() => 201),
  )
  // However often it is sent, and also while the dead one's answer was the first.
  assert.deepEqual(await Promise.all(uploads.map((upload) => send(lane.loqui.url, upload))), again)
  const samples = await samplesOf(lane)
  assert.equal(samples.length - known.samples, uploads.length, 'samples made by as many uploads')
  for (const { body } of again) {
    const row = samples.find(({ id }) => id === rowId(body.id))
    assert.ok(row)
    assert.equal(await lane.loqui.storage.size(row.audio_key), row.audio_bytes)
  }
  assert.deepEqual(await orphans(lane, known), [], 'what no row names')
  assert.equal(await reservations(lane), 0)
  const { rows: violations } = await sql`select * from report.violations()`.execute(lane.owner)
  assert.deepEqual(violations, [], 'report.violations()')
  assert.deepEqual(lane.loqui.takeTrouble(), [], 'what processes complained of')
  return tookMs
}

/** How often workers sweep, and a little more. */
const sweepMs = 12_000

const samplesOf = (lane: Lane) => lane.owner.selectFrom('sample').selectAll().execute()

const reservations = async (lane: Lane) => (await lane.owner.selectFrom('upload').select('id').execute()).length

interface Known {
  readonly samples: number
  /** What workers that were killed before have left: it is removed when it is old. */
  readonly unfinished: ReadonlySet<string>
}

async function lookAt(lane: Lane): Promise<Known> {
  return { samples: (await samplesOf(lane)).length, unfinished: new Set(await unfinishedOf(lane)) }
}

const unfinishedOf = ({ loqui }: Lane) => readdir(path.join(loqui.audioDirectory, '.unfinished'))

/** Objects that no row names, and what is left of drafts. */
async function orphans(lane: Lane, { unfinished }: Known): Promise<string[]> {
  const named = new Set((await samplesOf(lane)).map(({ audio_key }) => audio_key))
  const keys = await Array.fromAsync(lane.loqui.storage.list('samples/'), ({ key }) => key)
  const drafts = (await unfinishedOf(lane)).filter((name) => !unfinished.has(name))
  return [...keys.filter((key) => !named.has(key)), ...drafts]
}
