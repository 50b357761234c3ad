import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { mostCalls } from '@loqui/core/generations/calls'
import { sendError, sendWav, startTtsServer, toneFor } from '@loqui/engines/openai/testing'
import { sql } from 'kysely'
import { batter } from './batter.ts'
import { type Proof, tryOften } from './proof.ts'
import { openStage, type Stage } from './provider-stage.ts'
import { createRandom } from './random.ts'

const microsPerCharacter = 15
const restMs = 120_000

/** A TTS server that costs, and what it has been asked and would bill: it keeps no list that anybody could read. */
interface Meter {
  /** Each text that it began to speak, whoever heard of it. */
  readonly billed: readonly string[]
}

/** Servers and workers die at random while a server that costs, and that knows nothing of calls before, fails now and then. */
export const paid: Proof = {
  id: 'paid',
  what: 'SIGKILL and cancels while a server is paid that has no list of its calls: all is counted, none is made a third time',
  async run(prove) {
    const seconds = prove.quick ? 30 : 300
    const random = createRandom(prove.seed)
    const tts = await startTtsServer()
    const billed: string[] = []
    tts.onSpeech = async ({ body }, answer) => {
      const luck = random()
      if (luck < 0.1) return sendError(answer, luck < 0.05 ? 429 : 503, {})
      billed.push(String(body.input))
      await sleep(200 + random() * 3_000)
      if (luck < 0.15) answer.socket?.destroy()
      else sendWav(answer, toneFor(body))
    }
    const ground = await prove.database()
    const env = {
      OPENAI_TTS_BASE_URL: tts.baseUrl,
      OPENAI_TTS_PRICE: String(microsPerCharacter / 1_000),
      WORKER_CONCURRENCY: '64',
    }
    const loqui = await prove.loqui(ground, { env, servers: 2, workers: 2 })
    try {
      const stage = await openStage<Meter>(ground, loqui, { billed }, 'openai')
      const what = `${seconds} seconds of kills and cancels`
      return [await tryOften(prove, { what, times: 1, of: 'runs' }, () => killPaid(stage, seconds, random))]
    } finally {
      await loqui.close()
      await tts.close()
    }
  },
}

/**
 * @returns what there was of it.
 * @throws AssertionError for a broken promise.
 */
async function killPaid(stage: Stage<Meter>, seconds: number, random: () => number): Promise<string> {
  const { owner, fake } = stage
  const { ids, killed } = await batter(stage, {
    seconds,
    random,
    async meanwhile(between) {
      await sleep(between(2_000, 4_000))
      const { rows } = await sql<{ id: string }>`
        select id from generation where state = 'running' order by random() limit 1
      `.execute(owner)
      for (const { id } of rows) await stage.cancel(id)
    },
  })
  await stage.rest(ids, restMs)

  const times = new Map<string, number>()
  for (const text of fake.billed) times.set(text, (times.get(text) ?? 0) + 1)
  for (const [text, often] of times) assert.ok(often <= mostCalls, `“${text}” was asked for ${often} times`)
  const { rows } = await sql<{ state: string; text: string; counted: number }>`
    select state, text, actual_cost_micros as counted from generation where id = any(${ids}::uuid[])
  `.execute(owner)
  let unsent = 0
  for (const { text, counted } of rows) {
    const paragraphs = text.split('\n\n')
    const billed = paragraphs.reduce((sum, each) => sum + each.length * (times.get(each) ?? 0), 0) * microsPerCharacter
    assert.ok(counted >= billed, `“${text}” was billed ${billed} micro-dollars, and ${counted} of it counted`)
    if (counted > billed) unsent++
  }
  stage.expectPeace()
  const of = (state: string) => `${rows.filter((row) => row.state === state).length} ${state}`
  const ended = ['succeeded', 'failed', 'canceled'].map(of).join(', ')
  const second = fake.billed.length - times.size
  return `${killed}; ${ended}; ${fake.billed.length} speeches billed, ${second} of them second ones; of ${unsent} generations more was counted, since it was never sent`
}
