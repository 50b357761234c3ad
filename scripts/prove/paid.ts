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
  const { rows } = await sql<{ state: string; text: string; counted: number; calls: readonly string[][] }>`
    select g.state, g.text, g.actual_cost_micros as counted, (select jsonb_agg(outcomes order by index) from (
      select s.index, array(select outcome from provider_call c where c.generation_id = g.id and c.segment_index = s.index
        and outcome <> 'refused') as outcomes from segment s where s.generation_id = g.id) s) as calls
    from generation g where id = any(${ids}::uuid[])
  `.execute(owner)
  let unsent = 0
  for (const { text, counted, calls } of rows) {
    let micros = 0
    for (const [index, paragraph] of text.split('\n\n').entries()) {
      const outcomes = calls?.[index] ?? []
      const billed = times.get(paragraph) ?? 0
      micros += paragraph.length * outcomes.length * microsPerCharacter
      assert.ok(outcomes.length <= mostCalls, `“${paragraph}” was asked for ${outcomes.length} times`)
      assert.ok(billed <= outcomes.length, `“${paragraph}” was billed ${billed} times, and counted for ${outcomes}`)
      // What was written down by one who died, or was called back, before it left.
      const unheard = outcomes.filter((outcome) => outcome !== 'succeeded').length
      assert.ok(
        outcomes.length - billed <= unheard,
        `“${paragraph}” was counted for ${outcomes}, and billed ${billed} times`,
      )
      unsent += outcomes.length - billed
    }
    assert.equal(counted, micros, `what is counted of “${text}”`)
  }
  const { rows: violations } = await sql`select * from report.violations()`.execute(owner)
  assert.deepEqual(violations, [], 'report.violations()')
  stage.expectPeace()
  const of = (state: string) => rows.filter((row) => row.state === state).length
  assert.ok(of('canceled') > 0, 'nothing was canceled')
  const ended = ['succeeded', 'failed', 'canceled'].map((state) => `${of(state)} ${state}`).join(', ')
  const second = fake.billed.length - times.size
  return `${killed}; ${ended}; ${fake.billed.length} speeches billed, ${second} of them second ones; ${unsent} counted that were never sent`
}
