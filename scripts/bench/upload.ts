import { mkdir, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@loqui/db/embedded-port'
import type { RunningProcess } from '@loqui/process/testing'
import type { Bench, BenchDatabase } from './bench.ts'
import type { Measurement } from './goal.ts'
import { measureTransfer, type TransferFigures } from './measure-transfer.ts'
import { interleave } from './rounds.ts'
import type { Transferred } from './transfer.ts'
import { makeUsers } from './users.ts'
import { voiceFile } from './voice-file.ts'

const fileBytes = 10_000_000
const atOnce = 50
/** A user may upload two files at a time. */
const users = atOnce / 2
/** In a turn, at full length; with a look at each, which takes a core half a second, as many as there are at once. */
const uploads = 400
/** With a look at each, a round takes a minute. */
const mostInspectedRounds = 3

/**
 * P10 of the goals: uploads of 10 MB, 50 at once, by 25 users with API keys, over keep-alive connections from a process that
 * does nothing else.
 *
 * **The baseline** is a bare `node:http` server that streams a body to a file with Node's own streams and answers when it is
 * synced, as ours is when it answers: what a power cut takes was not stored. **P10 unsynced** compares with one that answers
 * when the kernel has the bytes.
 *
 * **Ours** is a server process as it runs for people; only its inspector is swapped for one that knows at once what a file is.
 * Everything else is real and durable: the walls, the form, the hash, the reservation, the object on the disk, its row.
 *
 * **P10 inspected** is with the inspector, against a bare server that has each file inspected by the same processes after it
 * has streamed it to the disk: decoding and measuring is work that a stream does not have, and takes far longer than all else.
 *
 * **P10 memory** is by how much the resident memory of a server that has just started, and has taken one file, grows at
 * most while it takes 50 at once. **P10 stall** is the longest that the event loop of ours kept a timer waiting in a turn.
 */
export const upload: Measurement = {
  ids: ['P10'],
  async run(bench) {
    const database = await bench.database()
    await makeUsers(database.db, users)
    const file = join(bench.directory, 'voice.wav')
    await writeFile(file, voiceFile(fileBytes))
    const preload = 'instant-inspector.preload.ts'
    const server = await bench.startServer(database.connectionString, { preload })
    const inspecting = await bench.startServer(database.connectionString, { preload: 'watch.preload.ts' })
    const port = await freePort()
    const directory = join(bench.directory, 'bare')
    await mkdir(directory)
    // As many as a server has.
    const PROCESSES = String(Math.max(1, availableParallelism() - 1))
    const bare = await bench.startChild('files', { DIRECTORY: directory, PORT: String(port), PROCESSES })
    const client = await bench.startChild('transfer')

    const transfer = async (process: RunningProcess, port: number, count: number, what: Transferred) => {
      const figures = await measureTransfer(client, process, { port, atOnce: Math.min(atOnce, count), count, what })
      await forget(bench, database)
      return figures
    }
    const form: Transferred = { kind: 'form', path: '/api/v1/samples', file, users }
    const body = (path: string): Transferred => ({ kind: 'body', path, file })
    // Twice as many at least: else half of a turn is a beginning, and the other half an end.
    const count = Math.max(2 * atOnce, uploads * bench.scale)
    const rounds = await interleave(bench, {
      ours: () => transfer(server, server.port, count, form),
      synced: () => transfer(bare, port, count, body('/synced')),
      unsynced: () => transfer(bare, port, count, body('/unsynced')),
    })
    const growths: Growth[] = []
    for (let round = 0; round < bench.rounds; round++) {
      const fresh = await bench.startServer(database.connectionString, { preload })
      const { rssMiB: before } = await transfer(fresh, fresh.port, 1, form)
      const { rssMiB } = await transfer(fresh, fresh.port, atOnce, form)
      await fresh.end('SIGTERM')
      growths.push({ before, grown: rssMiB - before })
      bench.log(`  memory: ${JSON.stringify(growths.at(-1))}`)
    }
    const few = Math.round(atOnce * bench.scale)
    const inspected = await interleave(
      { ...bench, rounds: Math.min(bench.rounds, mostInspectedRounds) },
      {
        ours: () => transfer(inspecting, inspecting.port, few, form),
        bare: () => transfer(bare, port, few, body('/inspected')),
      },
    )
    await database.assertSound()
    for (const process of [server, inspecting, bare]) await process.end('SIGTERM')

    const common = { unit: 'MB/s', goal: { atLeast: 0.7 } }
    const what = 'uploads of 10 MB, 50 at once'
    return [
      {
        ...{ id: 'P10', what, baseline: 'bare stream to a synced file', ...common },
        rounds: rounds.map(({ ours, synced }) => pair(ours, synced)),
        details: { rounds },
      },
      {
        ...{ id: 'P10 unsynced', what, baseline: 'bare stream to a file', ...common },
        rounds: rounds.map(({ ours, unsynced }) => pair(ours, unsynced)),
      },
      {
        ...{ id: 'P10 inspected', what: `${what}, each inspected`, baseline: 'the same inspection of each', ...common },
        rounds: inspected.map(({ ours, bare }) => pair(ours, bare)),
        details: { rounds: inspected },
      },
      {
        ...{ id: 'P10 memory', what: 'growth of the server during 50 at once', unit: 'MiB' },
        ...{ baseline: 'what it may be', goal: { atMost: 1 } },
        rounds: growths.map(({ grown }) => ({ ours: grown, baseline: 64 })),
        details: { rounds: growths },
      },
      {
        ...{ id: 'P10 stall', what: 'longest stall of its event loop meanwhile', unit: 'ms' },
        ...{ baseline: 'what it may be', goal: { atMost: 1 } },
        rounds: rounds.map(({ ours }) => ({ ours: ours.stalledMs, baseline: 100 })),
      },
    ]
  },
}

/** In MiB. */
interface Growth {
  readonly before: number
  readonly grown: number
}

const pair = (ours: TransferFigures, baseline: TransferFigures) => ({
  ours: ours.megabytesPerSecond,
  baseline: baseline.megabytesPerSecond,
})

/** Makes room for the next turn: an account has at most so many samples, and a disk so much space. */
async function forget({ directory }: Bench, { db }: BenchDatabase): Promise<void> {
  await db.deleteFrom('sample').execute()
  await rm(join(directory, 'audio', 'samples'), { recursive: true, force: true })
}
