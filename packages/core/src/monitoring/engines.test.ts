import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { createGeneration, createGenerationInput } from '../generations/create.ts'
import { runGeneration } from '../generations/run.ts'
import { newId } from '../ids.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { tellBreakers } from './breakers.ts'
import { monitorEngines } from './engines.ts'

const core = await testCore([createToneEngine({ id: 'chatterbox' })])
const { services } = core
const admin = await core.user({ role: 'admin' })

test('every engine says whether it is there and works, how quick it is and what it cost today', async () => {
  const user = await core.user()
  const input = createGenerationInput.parse({ text: 'Words.', voiceId: `voi_${await core.voiceId('low')}` })
  const id = rowId((await createGeneration(user.as, input)).id)
  await runGeneration(services, { generationId: id }, new AbortController().signal)
  const reports = await monitorEngines(admin.as)
  expect(reports.map((report) => [report.id, report.configured])).toEqual([
    ['offline', false],
    ['chatterbox', true],
    ['chatterbox-turbo', false],
    ['chatterbox-multilingual', false],
    ['openai', false],
    ['espeak', false],
  ])
  expect(reports[1]).toMatchObject({
    breaker: null,
    waiting: 0,
    segments: { stored: 1, latencyMs: { p50: expect.any(Number), p99: expect.any(Number) } },
    calls: { made: 0, failed: 0, errorRate: null },
    spentTodayMicros: 7,
  })
  expect(reports[0]).toMatchObject({ segments: { stored: 0, latencyMs: null }, spentTodayMicros: 0 })
})

test('a breaker is as the worker says that sees its engine worst, as long as it says so', async () => {
  const breaker = async () => (await monitorEngines(admin.as))[1]?.breaker
  const [one, other] = [newId(), newId()]
  await tellBreakers(services, one, [{ engine: 'chatterbox', state: 'closed' }])
  expect(await breaker()).toBe('closed')
  await tellBreakers(services, other, [{ engine: 'chatterbox', state: 'open' }])
  expect(await breaker()).toBe('open')
  await sql`update engine_breaker set seen_at = seen_at - interval '1 minute' where process = ${other}`.execute(
    services.db,
  )
  expect(await breaker()).toBe('closed')
  await tellBreakers(services, one, [{ engine: 'chatterbox', state: 'half_open' }])
  expect(await breaker()).toBe('half_open')
})

test('only administrators see it', async () => {
  expect(await refusal(monitorEngines((await core.user()).as))).toMatchObject({ reason: 'forbidden' })
})
