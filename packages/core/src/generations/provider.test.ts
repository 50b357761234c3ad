import { createHash } from 'node:crypto'
import { EngineError } from '@loqui/engines/engine'
import { createReplicateEngines } from '@loqui/engines/replicate/engine'
import { startFakeReplicate } from '@loqui/fake-replicate/server'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { setBudget } from '../budgets/set.ts'
import { revokeConsent } from '../consents/revoke.ts'
import { sampleKey } from '../samples/purge.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { consentOf, giveConsent, giveSample } from '../testing/samples.ts'
import { createVoice, createVoiceInput } from '../voices/create.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { getGeneration } from './get.ts'
import { createRetryBudget } from './retry-budget.ts'
import { type RunContext, runGeneration } from './run.ts'
import { sweepGenerations } from './sweep.ts'
import { sweepCalls } from './sweep-calls.ts'
import type { Transitions } from './transitions.ts'

const fake = await startFakeReplicate({ createsPerMinute: 10_000 })
/** Nobody waits for a fake as long as for a machine far away. */
const timing = {
  polls: [5, 10, 20],
  looks: [5, 10, 20],
  retries: [5],
  cancel: 500,
  create: 2_000,
}
const engines = createReplicateEngines({
  token: fake.token,
  baseUrl: fake.baseUrl,
  limiter: { take: async () => undefined },
  timing,
})
const core = await testCore(engines)
const { services } = core
const { db } = services
afterAll(() => fake.close())

/** Its only text, so that what is made at Replicate can be told from what other tests made. */
let text: string
let texts = 0
beforeEach(() => {
  fake.heal()
  text = `This is sentence number ${++texts} of all.`
})

const made = () => fake.predictions.filter(({ input }) => Object.values(input).includes(text))
const standard = async () =>
  (
    await db
      .selectFrom('voice')
      .select('id')
      .where('engine', '=', 'chatterbox')
      .where('engine_voice', '=', 'standard')
      .executeTakeFirstOrThrow()
  ).id

async function create(user: TestUser, own: Partial<z.input<typeof createGenerationInput>> = {}): Promise<string> {
  const input = { text, format: 'pcm' as const, voiceId: `voi_${await standard()}`, ...own }
  return rowId((await createGeneration(user.as, createGenerationInput.parse(input))).id)
}
const run = (id: string, more: Partial<RunContext> = {}, signal = new AbortController().signal) =>
  runGeneration({ ...services, ...more }, { generationId: id }, signal)
const row = (id: string) => db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const calls = (id: string) =>
  db.selectFrom('provider_call').selectAll().where('generation_id', '=', id).orderBy('number').execute()

const priceMicros = () => text.length * 25
/** What a process that is killed at that moment leaves behind. */
class Killed extends Error {}
const killedAt = (step: keyof Transitions): Partial<RunContext> => ({
  transitions: { ...services.transitions, [step]: () => Promise.reject(new Killed()) },
})
/** An attempt that ends there; its successor is told nothing but what is in the database. */
async function runKilled(id: string, more: Partial<RunContext>): Promise<void> {
  await expect(run(id, more)).rejects.toBeInstanceOf(Killed)
  core.alarms.length = 0
}

describe('a generation that a provider speaks', () => {
  test('is asked for once, and costs what the calls in its journal cost', async () => {
    const user = await core.user()
    const id = await create(user)
    expect(await row(id)).toMatchObject({ predicted_cost_micros: priceMicros(), cost_held_micros: priceMicros() })
    await run(id)
    expect(await row(id)).toMatchObject({
      state: 'succeeded',
      actual_cost_micros: priceMicros(),
      cost_held_micros: 0,
    })
    expect(made()).toHaveLength(1)
    expect(await calls(id)).toMatchObject([
      { outcome: 'succeeded', provider_id: made()[0]?.id, cost_micros: priceMicros(), adopted_by: null, request: null },
    ])
    const [{ cost_micros } = {}] = (
      await sql<{
        cost_micros: number
      }>`select sum(cost_micros)::integer as cost_micros from usage_day where user_id = ${user.id}`.execute(db)
    ).rows
    expect(cost_micros).toBe(priceMicros())
  })

  test('follows what was accepted when the answer was lost, and asks no second time', async () => {
    fake.fail({ on: 'create', fault: { kind: 'reset', after: true }, text })
    const id = await create(await core.user())
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: priceMicros() })
    expect(made()).toHaveLength(1)
  })

  test('takes up what a killed attempt was given, and what it had paid, and pays it once', async () => {
    const user = await core.user()
    const id = await create(user)
    await runKilled(id, killedAt('store'))
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 2, actual_cost_micros: priceMicros() })
    expect(made()).toHaveLength(1)
    const [call] = await calls(id)
    expect(call).toMatchObject({ outcome: 'succeeded', adopted_by: (await row(id)).attempt })
  })

  test('is followed by the next attempt where a worker stops in the middle of it', async () => {
    fake.fail({ on: 'run', fault: { kind: 'stick' }, text })
    const id = await create(await core.user())
    const stopping = new AbortController()
    const running = run(id, {}, stopping.signal)
    running.catch(() => undefined)
    await expect.poll(() => made()[0]?.status).toBe('processing')
    await expect.poll(async () => (await calls(id))[0]?.provider_id).toBeTruthy()
    stopping.abort(new Error('the worker is stopping'))
    await expect(running).rejects.toThrow()
    expect(made()[0]?.status).toBe('processing')
    expect(await row(id)).toMatchObject({ state: 'running', fruitless_attempts: 0 })
    const again = run(id)
    await cancelGeneration((await actorOf(id)).as, { id })
    await again
  })

  test('is canceled at the provider within two seconds, and then it has cost what that asks', async () => {
    fake.fail({ on: 'run', fault: { kind: 'stick' }, text })
    const user = await core.user()
    const id = await create(user)
    const running = run(id)
    await expect.poll(() => made()[0]?.status).toBe('processing')
    const at = performance.now()
    await cancelGeneration(user.as, { id })
    await running
    expect(performance.now() - at).toBeLessThan(2_000)
    expect(made()[0]?.status).toBe('canceled')
    expect(await calls(id)).toMatchObject([{ outcome: 'canceled', cost_micros: made()[0]?.costMicros }])
    expect(await row(id)).toMatchObject({ state: 'canceled', charged_ms: 0, cost_held_micros: 0 })
  })

  test('is asked for twice before it fails, however often it could not be asked before', async () => {
    fake.fail({ on: 'run', fault: { kind: 'fail' }, text, times: 1 })
    const chatterbox = services.engines.get('chatterbox')!
    let outs = 2
    const out = new EngineError('It is out.', { code: 'unavailable', retryable: true })
    const speak: typeof chatterbox.speak = async (...asked) => {
      if (outs-- > 0) throw out
      return chatterbox.speak(...asked)
    }
    const id = await create(await core.user())
    const retries = createRetryBudget()
    await run(id, { engines: new Map([['chatterbox', { ...chatterbox, speak }]]), retries })
    expect((await calls(id)).map(({ outcome }) => outcome)).toEqual(['failed'])
    expect(await row(id)).toMatchObject({ state: 'running' })
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded' })
    expect(made()).toHaveLength(2)
  })

  test('is asked for twice at most', async () => {
    fake.fail({ on: 'run', fault: { kind: 'fail' }, text })
    const id = await create(await core.user())
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'failed', error_reason: 'engine_failed', charged_ms: 0 })
    expect(made()).toHaveLength(2)
    core.alarms.length = 0
  })

  test('waits while the engine does not work, is charged nothing, and says so', async () => {
    fake.fail({ on: 'create', fault: { kind: 'status', status: 402 }, text, times: 1 })
    const user = await core.user()
    const id = await create(user)
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'running', fruitless_attempts: 0, actual_cost_micros: 0 })
    expect(await getGeneration(user.as, { id })).toMatchObject({ state: 'running', waitsFor: 'engine_degraded' })
    await run(id)
    expect(await getGeneration(user.as, { id })).toMatchObject({ state: 'succeeded', waitsFor: null })
  })

  test('outlasts an outage: asked for and charged nothing meanwhile, given on by the sweep when it is due', async () => {
    const user = await core.user()
    const ids = [await create(user), await create(user), await create(user)]
    await fake.goDown()
    await Promise.all(ids.map((id) => run(id)))
    await fake.comeBack()
    for (const id of ids) {
      expect(await row(id)).toMatchObject({ state: 'running', fruitless_attempts: 0, actual_cost_micros: 0 })
      expect((await calls(id)).every(({ outcome }) => outcome === 'refused')).toBe(true)
    }
    const touched = () => db.selectFrom('generation').select('heartbeat_at').where('id', 'in', ids).execute()
    const before = await touched()
    await sweepGenerations(services)
    expect(await touched()).toEqual(before)
    await sql`update generation set heartbeat_at = heartbeat_at - interval '1 minute' where id = any(${ids})`.execute(
      db,
    )
    await sweepGenerations(services)
    expect(await touched()).not.toEqual(before)
    await Promise.all(ids.map((id) => run(id)))
    for (const id of ids) expect(await row(id)).toMatchObject({ state: 'succeeded', degraded_at: null })
    expect(made()).toHaveLength(ids.length)
  })

  test('is refused what the budget does not hold, and its calls are within it', async () => {
    const user = await core.user()
    await setBudget(
      { ...services, actor: { kind: 'system' } },
      { userId: user.id, alertMicros: null, limitMicros: priceMicros() - 1 },
    )
    expect(await refusal(create(user))).toMatchObject({ reason: 'budget_exceeded' })
    await setBudget(
      { ...services, actor: { kind: 'system' } },
      { userId: user.id, alertMicros: null, limitMicros: priceMicros() },
    )
    // A second call would go beyond, and is not made.
    fake.fail({ on: 'run', fault: { kind: 'fail' }, text, times: 1 })
    const id = await create(user)
    await run(id)
    const [first, second] = made()
    expect(second === undefined || first?.costMicros === 0).toBe(true)
    core.alarms.length = 0
  })

  test('sounds by the seed it was given, each segment by another', async () => {
    const user = await core.user()
    const id = await create(user, { seed: 7 })
    const again = await create(user, { seed: 7, cache: false })
    await run(id)
    await run(again)
    expect(await getGeneration(user.as, { id })).toMatchObject({ seed: 7 })
    const [one, two] = made().map(({ input }) => input.seed)
    expect(one).toBe(two)
    const other = await create(user, { seed: 8 })
    await run(other)
    expect(made().at(-1)?.input.seed).not.toBe(one)
  })

  test('is refused settings that its engine does not take, by their names', async () => {
    const user = await core.user()
    const refused = await refusal(create(user, { settings: { topK: 5 } }))
    expect(refused).toMatchObject({ reason: 'invalid_input', issues: [{ field: 'settings.topK' }] })
    expect(refused.message).toContain('exaggeration, cfgWeight, temperature')
    expect((await refusal(create(user, { settings: { cfgWeight: 0.1 } }))).message).toContain('from 0.2 to 1')
    const id = await create(user, { settings: { exaggeration: 0.7, speed: 1 } })
    await run(id)
    expect(made()[0]?.input).toMatchObject({ exaggeration: 0.7 })
  })
})

async function actorOf(id: string): Promise<TestUser> {
  const { user_id } = await row(id)
  return {
    id: user_id,
    as: { ...services, actor: { kind: 'user', userId: user_id, role: 'user', sessionId: 'session' } },
    withKey: () => Promise.reject(new Error('no key')),
  }
}

describe('the sweep', () => {
  const sweep = () => sweepCalls(services, new AbortController().signal)
  /** A call whose attempt died before it heard of its id. */
  async function lose(user: TestUser) {
    const id = await create(user)
    fake.fail({ on: 'create', fault: { kind: 'reset', after: true }, text, times: 1 })
    fake.fail({ on: 'run', fault: { kind: 'stick' }, text })
    fake.fail({ on: 'list', fault: { kind: 'status', status: 503 } })
    await run(id)
    fake.heal()
    expect(made()).toHaveLength(1)
    expect(await calls(id)).toMatchObject([{ provider_id: null, outcome: null }])
    // As old as one is that nobody looks for any more.
    await sql`update provider_call set announced_at = announced_at - interval '30 seconds' where generation_id = ${id}`.execute(
      db,
    )
    return id
  }

  test('finds what was accepted, so that the next attempt follows it', async () => {
    const user = await core.user()
    const id = await lose(user)
    await sweep()
    expect(await calls(id)).toMatchObject([{ provider_id: made()[0]?.id, outcome: null }])
    const again = run(id)
    await expect
      .poll(() => fake.requests.filter(({ path }) => path.endsWith(made()[0]?.id ?? '')).length)
      .toBeGreaterThan(1)
    await cancelGeneration(user.as, { id })
    await again
    expect(made()).toHaveLength(1)
  })

  test('counts what was made and removed before anybody heard of it', async () => {
    fake.fail(
      { on: 'run', fault: { kind: 'remove' }, text },
      { on: 'create', fault: { kind: 'reset', after: true }, text, times: 1 },
      { on: 'list', fault: { kind: 'status', status: 503 } },
    )
    const user = await core.user()
    const id = await create(user)
    await run(id)
    await expect.poll(() => made()[0]?.status).toBe('succeeded')
    fake.heal()
    await cancelGeneration(user.as, { id })
    const age = (seconds: number) =>
      sql`update provider_call set announced_at = announced_at - ${seconds} * interval '1 second'
        where generation_id = ${id}`.execute(db)
    await age(30)
    await sweep()
    // Whoever made it may yet say so.
    expect(await calls(id)).toMatchObject([{ outcome: null, provider_id: null }])
    await age(20)
    await sweep()
    expect(await calls(id)).toMatchObject([
      { provider_id: made()[0]?.id, outcome: 'succeeded', cost_micros: priceMicros() },
    ])
  })

  test('cancels and costs what nobody needs any more', async () => {
    const user = await core.user()
    const id = await lose(user)
    await cancelGeneration(user.as, { id })
    await sql`update generation set heartbeat_at = now() - interval '1 minute' where id = ${id}`.execute(db)
    await sweep()
    expect(made()[0]?.status).toBe('canceled')
    expect(await calls(id)).toMatchObject([
      { provider_id: made()[0]?.id, outcome: 'canceled', cost_micros: made()[0]?.costMicros, ended_by: 'sweep' },
    ])
    expect((await row(id)).actual_cost_micros).toBe(made()[0]?.costMicros)
  })

  /**
   * A call that was taken for refused while its worker stood still, and that the provider was asked for when it went on. The
   * worker dies as soon as that is written down.
   */
  async function acceptLate(user: TestUser) {
    const id = await create(user)
    const [announced, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const standing = runKilled(id, {
      transitions: {
        ...services.transitions,
        async announce(...call) {
          const answer = await services.transitions.announce(...call)
          announced.resolve()
          await goesOn.promise
          return answer
        },
        async accept(...call) {
          await services.transitions.accept(...call)
          throw new Killed()
        },
      },
    })
    await announced.promise
    await sql`update provider_call set announced_at = announced_at - interval '2 minutes' where generation_id = ${id}`.execute(
      db,
    )
    await sweep()
    expect(await calls(id)).toMatchObject([{ provider_id: null, outcome: 'refused', ended_by: 'sweep' }])
    goesOn.resolve()
    await standing
    expect(await calls(id)).toMatchObject([
      { provider_id: made()[0]?.id, outcome: null, ended_by: null, ended_at: null },
    ])
    return id
  }

  describe('took a call for refused that was accepted after all; it', () => {
    test('leaves it to the next attempt, which takes it up', async () => {
      const id = await acceptLate(await core.user())
      await sweep()
      expect(await calls(id)).toMatchObject([{ outcome: null }])
      await run(id)
      const { attempt, ...generation } = await row(id)
      expect(generation).toMatchObject({ state: 'succeeded', actual_cost_micros: priceMicros() })
      expect(made()).toHaveLength(1)
      expect(await calls(id)).toMatchObject([{ outcome: 'succeeded', adopted_by: attempt, cost_micros: priceMicros() }])
    })

    test('cancels and costs it when nobody needs it any more', async () => {
      fake.fail({ on: 'run', fault: { kind: 'stick' }, text })
      const user = await core.user()
      const id = await acceptLate(user)
      await cancelGeneration(user.as, { id })
      await sweep()
      expect(made()[0]?.status).toBe('canceled')
      expect(made()[0]?.costMicros).toBeGreaterThan(0)
      expect(await calls(id)).toMatchObject([
        { outcome: 'canceled', cost_micros: made()[0]?.costMicros, ended_by: 'sweep' },
      ])
      expect((await row(id)).actual_cost_micros).toBe(made()[0]?.costMicros)
    })

    test('takes it for paid when the provider has forgotten it', async () => {
      fake.fail({ on: 'run', fault: { kind: 'stick' }, text })
      const user = await core.user()
      const id = await acceptLate(user)
      await cancelGeneration(user.as, { id })
      fake.fail({ on: 'cancel', fault: { kind: 'status', status: 404 } })
      await sweep()
      expect(await calls(id)).toMatchObject([{ outcome: 'gone', cost_micros: priceMicros(), ended_by: 'sweep' }])
      expect((await row(id)).actual_cost_micros).toBe(priceMicros())
    })
  })

  test('calls refused what cannot be found any more', async () => {
    const user = await core.user()
    const id = await create(user)
    fake.fail({ on: 'create', fault: { kind: 'reset' }, text, times: 1 })
    fake.fail({ on: 'list', fault: { kind: 'status', status: 503 } })
    await run(id)
    fake.heal()
    const [call] = await calls(id)
    if (call?.outcome === null) {
      await sql`update provider_call set announced_at = announced_at - interval '2 minutes' where generation_id = ${id}`.execute(
        db,
      )
      await sweep()
    }
    expect((await calls(id))[0]).toMatchObject({ outcome: 'refused', cost_micros: 0 })
    await cancelGeneration(user.as, { id })
  })
})

describe('a cloned voice', () => {
  const bytes = Buffer.from('RIFF the bytes of a recording')
  async function clone(
    user: TestUser,
    engine: 'chatterbox' | 'chatterbox-turbo' | 'chatterbox-multilingual',
    more = {},
  ) {
    const sampleId = await giveSample(db, user.id)
    await services.storage.put(sampleKey(rowId(sampleId)), bytes)
    await sql`update sample set audio_sha256 = ${createHash('sha256').update(bytes).digest('hex')} where id = ${rowId(sampleId)}`.execute(
      db,
    )
    const consentId = await giveConsent(user.as, [sampleId])
    return createVoice(
      user.as,
      createVoiceInput.parse({ name: 'Mine', sampleIds: [sampleId], consentId, engine, ...more }),
    )
  }

  test.for([
    ['chatterbox', 'audio_prompt', {}],
    ['chatterbox-turbo', 'reference_audio', {}],
    ['chatterbox-multilingual', 'reference_audio', { language: 'de' }],
  ] as const)('of %s is spoken with its recording as %s', async ([engine, field, more]) => {
    const user = await core.user()
    const voice = await clone(user, engine, more)
    expect(voice).toMatchObject({ engine, fidelity: 'full', available: true })
    const id = await create(user, { voiceId: voice.id })
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded' })
    const [{ input } = { input: {} }] = made()
    expect(input).toMatchObject({ [field]: expect.stringContaining(fake.baseUrl), ...more })
    expect(Object.keys(input)).not.toContain('voice')
    expect(fake.uploads.length).toBeGreaterThan(0)
  })

  test('is not made of samples that are too short for its engine', async () => {
    const user = await core.user()
    const sampleId = await giveSample(db, user.id)
    await sql`update sample set duration_ms = 5000 where id = ${rowId(sampleId)}`.execute(db)
    const consentId = await giveConsent(user.as, [sampleId])
    const input = { name: 'Mine', sampleIds: [sampleId], consentId }
    const refused = await refusal(
      createVoice(user.as, createVoiceInput.parse({ ...input, engine: 'chatterbox-turbo' })),
    )
    expect(refused).toMatchObject({ reason: 'voice_not_cloneable', issues: [{ field: 'sampleIds' }] })
    expect(refused.message).toContain('longer than 5 seconds')
    expect(await createVoice(user.as, createVoiceInput.parse(input))).toMatchObject({ engine: 'chatterbox' })
  })

  test('stops at the provider within two seconds when its consent is revoked', async () => {
    fake.fail({ on: 'run', fault: { kind: 'stick' }, text })
    const user = await core.user()
    const voice = await clone(user, 'chatterbox')
    const id = await create(user, { voiceId: voice.id })
    const running = run(id)
    await expect.poll(() => made()[0]?.status).toBe('processing')
    const at = performance.now()
    await revokeConsent(user.as, { id: consentOf(voice) })
    await running
    expect(performance.now() - at).toBeLessThan(2_000)
    expect(made()[0]?.status).toBe('canceled')
  })
})
