import { readFile } from 'node:fs/promises'
import { wireId } from '@loqui/core/ids'
import { splitText } from '@loqui/core/text/split'
import { client, finished } from '@loqui/server/testing-client'
import type { Read, Reading } from './engine.child.ts'
import type { Measurement, Result } from './goal.ts'
import { now } from './now.ts'
import { interleave } from './rounds.ts'
import { apiKey, makeUsers } from './users.ts'

const story = new URL('../../packages/core/fixtures/sherlock-holmes-1.txt', import.meta.url)
const voiceName = 'Stella'
/** Of the engine, as its own limits say. */
const maxCharacters = 300
const wavHeaderBytes = 44
/** What P14 allows beyond the synthesis itself. */
const allowedMs = 300

/**
 * P13 and P14 of the goals: a story of 45,000 characters through a server and a worker process as they run for people, with the
 * offline engine.
 *
 * **P13**, ours: milliseconds of speech for each millisecond from the creation of the generation to its settlement, with
 * segments, objects on disk, ledger, events, joining and encoding; as WAV, and as MP3, whose encoder alone takes a tenth of what
 * the engine takes. **The baseline** is the engine alone, in a process that speaks the same segments on as many threads as there
 * are cores and throws away what it said. Pauses between segments count for nothing: no engine speaks them.
 *
 * **P14**, ours: milliseconds from the call that creates to the first byte of audio behind the header, asked for as soon as the
 * generation is there. **The baseline** is what the engine takes for the first segment alone, and 300 ms.
 *
 * Each turn is another user's, so that nothing is there already.
 */
export const longText: Measurement = {
  ids: ['P13', 'P14'],
  async run(bench, ids) {
    const database = await bench.database()
    const { connectionString, db } = database
    const turns = 2 * (bench.rounds + 1)
    await makeUsers(db, turns)
    await db.updateTable('plan').set({ max_characters: 1_000_000 }).where('id', '=', 'bench').execute()
    const server = await bench.startServer(connectionString)
    const worker = await bench.startWorker(connectionString)
    const engine = await bench.startChild('engine')
    const voice = await db.selectFrom('voice').selectAll().where('name', '=', voiceName).executeTakeFirstOrThrow()
    const whole = await readFile(story, 'utf8')
    const text = whole.slice(0, Math.round(whole.length * bench.scale))
    const segments = splitText(text, { maxCharacters })
    const texts = segments.map((segment) => segment.text)
    const pausesMs = segments.reduce((sum, { pauseMs }) => sum + pauseMs, 0)
    const url = `http://127.0.0.1:${server.port}`
    const read = async (some: readonly string[]): Promise<Read> => {
      const order: Reading = { voice: voice.engine_voice, texts: some }
      return (await engine.ask(order)) as Read
    }
    let user = 0

    const speak = async (format: 'wav' | 'mp3') => {
      const key = apiKey(++user)
      const api = client(url, { key })
      const started = now()
      const { id } = await api.generations.create.mutate({ text, voiceId: wireId('voice', voice.id), format })
      const firstMs = (await firstAudio(`${url}/api/v1/generations/${id}/audio?format=wav`, key)) - started
      const { durationMs, createdAt, finishedAt } = await finished(api, id, 1_000)
      const tookMs = Date.parse(finishedAt ?? '') - Date.parse(createdAt)
      return { timesRealTime: (Number(durationMs) - pausesMs) / tookMs, firstMs }
    }
    const rounds = await interleave(bench, {
      wav: () => speak('wav'),
      mp3: () => speak('mp3'),
      async engine() {
        const first = await read(texts.slice(0, 1))
        const { audioMs, milliseconds } = await read(texts)
        return { timesRealTime: audioMs / milliseconds, firstMs: first.milliseconds }
      },
    })
    for (const process of [worker, server]) await process.end('SIGTERM')
    await database.assertSound()
    const speed = (format: 'wav' | 'mp3'): Result => ({
      id: `P13 ${format}`,
      what: `a story of ${texts.length} segments, created to settled, as ${format}`,
      ...{ unit: 'times real time', baseline: 'the engine alone, all cores', goal: { atLeast: 0.8 } },
      rounds: rounds.map((round) => ({ ours: round[format].timesRealTime, baseline: round.engine.timesRealTime })),
    })
    const first: Result = {
      id: 'P14',
      what: 'first audio of a story, from the call that creates it',
      ...{ unit: 'ms', baseline: `its first segment alone, and ${allowedMs} ms`, goal: { atMost: 1 } },
      rounds: rounds.map(({ wav, engine }) => ({ ours: wav.firstMs, baseline: engine.firstMs + allowedMs })),
    }
    return [...(ids.includes('P13') ? [speed('wav'), speed('mp3')] : []), ...(ids.includes('P14') ? [first] : [])]
  },
}

/** When the first byte behind the header of a WAV came; what follows is not waited for. */
async function firstAudio(address: string, key: string): Promise<number> {
  const left = new AbortController()
  const response = await fetch(address, { headers: { authorization: `Bearer ${key}` }, signal: left.signal })
  if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`)
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > wavHeaderBytes) break
  }
  const at = now()
  left.abort()
  return at
}
