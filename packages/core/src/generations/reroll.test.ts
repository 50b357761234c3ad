import { createReplicateEngines } from '@loqui/engines/replicate/engine'
import { startFakeReplicate } from '@loqui/fake-replicate/server'
import type { BadSound } from '@loqui/fake-replicate/voice'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { setBudget } from '../budgets/set.ts'
import { rowId, type TestUser, testCore } from '../testing/core.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { listSegments, listSegmentsInput } from './list-segments.ts'
import { type RunContext, runGeneration } from './run.ts'

const fake = await startFakeReplicate({ createsPerMinute: 10_000, othersPerMinute: 100_000 })
const timing = { polls: [5, 10, 20], looks: [5, 10, 20], retries: [5], cancel: 500, create: 2_000 }
const limiter = { take: async () => undefined }
const core = await testCore(createReplicateEngines({ token: fake.token, baseUrl: fake.baseUrl, limiter, timing }))
const { services } = core
const { db } = services
afterAll(() => fake.close())

/** Its only text, so that what is made at Replicate can be told from what other tests made; long enough to reach the cap. */
let text: string
let texts = 0
beforeEach(() => {
  fake.heal()
  text = `This is text number ${++texts}, ${'and it goes on for quite a while, '.repeat(7)}until at last it ends.`
})

const voice = await core.voiceId('standard')
const made = () => fake.predictions.filter(({ input }) => Object.values(input).includes(text))
const price = () => text.length * 25

async function create(user: TestUser, seed: number | null = null): Promise<string> {
  const input = createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${voice}`, seed })
  return rowId((await createGeneration(user.as, input)).id)
}
const run = (id: string, more: Partial<RunContext> = {}) =>
  runGeneration({ ...services, ...more }, { generationId: id }, new AbortController().signal)
const row = (id: string) => db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const calls = (id: string) =>
  db.selectFrom('provider_call').selectAll().where('generation_id', '=', id).orderBy('number').execute()
const outcomes = async (id: string) => (await calls(id)).map(({ outcome }) => outcome)
const segmentsOf = async (user: TestUser, id: string) =>
  (await listSegments(user.as, listSegmentsInput.parse({ id: `gen_${id}` }))).items
const spoil = (sound: BadSound, times?: number) =>
  fake.fail({ on: 'run', fault: { kind: 'sound', sound }, text, ...(times !== undefined && { times }) })

const sounds = [
  ['silent', 'silent'],
  ['gap', 'gap'],
  ['clipped', 'clipped'],
  ['truncated', 'truncated'],
  ['short', 'too_short'],
  ['long', 'too_long'],
] as const

describe('a segment that came out badly', () => {
  test.for(sounds)('(%s) is made once more, with another seed, and is good then', async ([sound]) => {
    const user = await core.user()
    spoil(sound, 1)
    const id = await create(user, 7)
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: 2 * price(), cost_held_micros: 0 })
    expect(await outcomes(id)).toEqual(['rejected', 'succeeded'])
    expect((await calls(id)).map(({ cost_micros }) => cost_micros)).toEqual([price(), price()])
    const [first, second] = made().map(({ input }) => input.seed)
    expect(first).not.toBe(second)
    expect(await segmentsOf(user, id)).toMatchObject([{ index: 0, state: 'stored', flaws: [] }])
    const { rows } =
      await sql`select outcome, cost_micros from report.prediction where generation_id = ${id} and outcome = 'rejected'`.execute(
        db,
      )
    expect(rows).toEqual([{ outcome: 'rejected', cost_micros: price() }])
  })

  test.for(sounds.slice(1))('(%s) twice is kept and marked', async ([sound, flaw]) => {
    const user = await core.user()
    spoil(sound)
    const id = await create(user)
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: 2 * price() })
    expect(await outcomes(id)).toEqual(expect.arrayContaining(['rejected', 'succeeded']))
    expect(made()).toHaveLength(2)
    const [{ flaws } = { flaws: [] }] = await segmentsOf(user, id)
    expect(flaws).toContain(flaw)
  })

  test('silent twice fails, and is charged nothing', async () => {
    spoil('silent')
    const id = await create(await core.user())
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'failed', error_reason: 'engine_failed', charged_ms: 0 })
    expect(made()).toHaveLength(2)
    core.alarms.length = 0
  })

  test('is kept where the other one is worse, or does not come at all', async () => {
    const user = await core.user()
    spoil('clipped', 1)
    spoil('silent', 1)
    const id = await create(user)
    await run(id)
    expect(await outcomes(id)).toEqual(['succeeded', 'rejected'])
    expect(await segmentsOf(user, id)).toMatchObject([{ flaws: ['clipped'] }])

    fake.heal()
    text = `Other ${text.slice(6)}`
    spoil('clipped', 1)
    fake.fail({ on: 'run', fault: { kind: 'fail' }, text, times: 1 })
    const other = await create(user)
    await run(other)
    expect(await outcomes(other)).toEqual(['succeeded', 'failed'])
    expect(await segmentsOf(user, other)).toMatchObject([{ flaws: ['clipped'] }])
    expect(await row(other)).toMatchObject({ state: 'succeeded', actual_cost_micros: price() })
  })

  test('is kept where the budget has nothing for another one', async () => {
    const user = await core.user()
    await setBudget(
      { ...services, actor: { kind: 'system' } },
      { userId: user.id, alertMicros: null, limitMicros: price() },
    )
    spoil('short')
    const id = await create(user)
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: price() })
    expect(made()).toHaveLength(1)
    expect(await outcomes(id)).toEqual(['succeeded'])
    expect(await segmentsOf(user, id)).toMatchObject([{ flaws: ['too_short'] }])
  })
})

describe('killed in between', () => {
  class Killed extends Error {}
  const killed = async (id: string, more: Partial<RunContext>) => {
    await expect(run(id, more)).rejects.toBeInstanceOf(Killed)
    core.alarms.length = 0
  }
  const killedAt = (step: 'store' | 'announce', after: number): Partial<RunContext> => {
    let left = after
    const { transitions } = services
    return {
      transitions: {
        ...transitions,
        store: (...args) =>
          step === 'store' && left-- === 0 ? Promise.reject(new Killed()) : transitions.store(...args),
        announce: (...args) =>
          step === 'announce' && left-- === 0 ? Promise.reject(new Killed()) : transitions.announce(...args),
      },
    }
  }

  test('before the second is asked for, only that is asked for', async () => {
    spoil('truncated', 1)
    const id = await create(await core.user())
    await killed(id, killedAt('announce', 1))
    expect(await outcomes(id)).toEqual(['rejected'])
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 2, actual_cost_micros: 2 * price() })
    expect(await outcomes(id)).toEqual(['rejected', 'succeeded'])
    expect(made()).toHaveLength(2)
  })

  test('before the second is kept, it is taken up, and there is no third', async () => {
    const user = await core.user()
    spoil('clipped')
    const id = await create(user)
    await killed(id, killedAt('store', 0))
    await run(id)
    expect(made()).toHaveLength(2)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: 2 * price() })
    expect(await segmentsOf(user, id)).toMatchObject([{ flaws: ['clipped'] }])
  })

  test('what was rejected is taken after all, where the second is nothing', async () => {
    const user = await core.user()
    spoil('short', 1)
    fake.fail({ on: 'run', fault: { kind: 'fail' }, text })
    const id = await create(user)
    await killed(id, killedAt('announce', 1))
    await run(id)
    expect(made()).toHaveLength(2)
    expect(await outcomes(id)).toEqual(['succeeded', 'failed'])
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: price() })
    expect(await segmentsOf(user, id)).toMatchObject([{ flaws: ['too_short'] }])
  })
})

describe('segments', () => {
  test('are listed in order, page by page, and those with flaws by themselves', async () => {
    const user = await core.user()
    text = [1, 2, 3].map((number) => `${number}. ${text}`).join('\n\n')
    fake.fail({ on: 'run', fault: { kind: 'sound', sound: 'gap' }, text: '2. This' })
    const input = createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${voice}` })
    const { id } = await createGeneration(user.as, input)
    await run(rowId(id))
    const list = (more: object) => listSegments(user.as, listSegmentsInput.parse({ id, ...more }))
    const first = await list({ limit: 2 })
    const second = await list({ limit: 2, cursor: first.nextCursor })
    const all = [...first.items, ...second.items]
    expect(all.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(second.nextCursor).toBeNull()
    for (const { startOffset, endOffset, index } of all)
      expect(text.slice(startOffset, endOffset)).toMatch(new RegExp(`^${index + 1}\\. This .* ends\\.$`))
    expect((await list({ flawed: true })).items).toMatchObject([{ index: 1, flaws: ['gap'], state: 'stored' }])
    const { items: none } = await listSegments(
      user.as,
      listSegmentsInput.parse({ id: (await createGeneration(user.as, input)).id }),
    )
    expect(none).toEqual([])
    await expect(list({ cursor: 'x' })).rejects.toMatchObject({ reason: 'cursor_malformed' })
    await expect(listSegments((await core.user()).as, listSegmentsInput.parse({ id }))).rejects.toMatchObject({
      reason: 'generation_not_found',
    })
  })
})
