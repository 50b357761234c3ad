import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { wireId } from '@loqui/core/ids'
import { freePort } from '@loqui/db/embedded-port'
import type { RunningProcess } from '@loqui/process/testing'
import type { Measurement } from './goal.ts'
import { measureTransfer } from './measure-transfer.ts'
import { interleave } from './rounds.ts'
import type { Transfer } from './transfer.ts'
import { makeUsers } from './users.ts'
import { voiceFile } from './voice-file.ts'

const fileBytes = 10_000_000
const atOnce = 16
/** What is asked for in a turn, at full length. */
const bytesOfTurn = 5_000_000_000

/**
 * P11 of the goals: ranges of a file of 10 MB, over 16 keep-alive connections from a process that does nothing else.
 *
 * **Ours** is a server process as it runs for people, which answers with an uploaded sample to who has an API key: who asks,
 * how often, and whose sample it is, is looked up for each range.
 *
 * **The baseline** is Express 5 with nothing mounted but one route, which answers with `sendFile`.
 *
 * **P11** asks as players do, from places all over the file to its end. **P11 short** asks for 1 MB at a time, so that what
 * is looked up weighs more.
 */
export const download: Measurement = {
  ids: ['P11'],
  async run(bench) {
    const { connectionString, db } = await bench.database()
    await makeUsers(db, 1)
    const file = join(bench.directory, 'voice.wav')
    await writeFile(file, voiceFile(fileBytes))
    const server = await bench.startServer(connectionString, { preload: 'watch.preload.ts' })
    const port = await freePort()
    const env = { DIRECTORY: bench.directory, FILE: file, PORT: String(port), PROCESSES: '1' }
    const express = await bench.startChild('files', env)
    const client = await bench.startChild('transfer')
    const upload: Transfer = {
      ...{ port: server.port, atOnce: 1, count: 1 },
      what: { kind: 'form', path: '/api/v1/samples', file, users: 1 },
    }
    await client.ask(upload)
    const sample = await db.selectFrom('sample').select(['id', 'audio_bytes']).executeTakeFirstOrThrow()
    const path = `/api/v1/samples/${wireId('sample', sample.id)}/audio`

    const measure = async (length?: number) => {
      const count = Math.ceil((bytesOfTurn * bench.scale) / (length ?? fileBytes / 2))
      const range = { kind: 'range', fileBytes: sample.audio_bytes, ...(length !== undefined && { length }) } as const
      const turn = (process: RunningProcess, port: number, path: string) =>
        measureTransfer(client, process, { port, atOnce, count, what: { ...range, path } })
      const rounds = await interleave(bench, {
        ours: () => turn(server, server.port, path),
        express: () => turn(express, port, '/file'),
      })
      return {
        ...{ unit: 'MB/s', baseline: 'Express sendFile', goal: { atLeast: 0.8 } },
        rounds: rounds.map(({ ours, express }) => ({
          ours: ours.megabytesPerSecond,
          baseline: express.megabytesPerSecond,
        })),
        details: { rounds },
      }
    }
    const results = [
      { id: 'P11', what: 'downloads from a place in 10 MB to the end', ...(await measure()) },
      { id: 'P11 short', what: 'downloads of 1 MB of it', ...(await measure(1_000_000)) },
    ]
    for (const process of [server, express]) await process.end('SIGTERM')
    return results
  },
}
