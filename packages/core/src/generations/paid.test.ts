import { createOpenaiEngine } from '@loqui/engines/openai/engine'
import { sendError, sendWav, startTtsServer, toneFor } from '@loqui/engines/openai/testing'
import { StorageError } from '@loqui/storage/storage'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { newId } from '../ids.ts'
import { rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { refreshPresetVoices } from '../voices/sync.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { createFairSlots } from './fair-slots.ts'
import { countLostCalls } from './lost-calls.ts'
import { createRetryBudget } from './retry-budget.ts'
import { type RunContext, runGeneration } from './run.ts'
import { sweepCalls } from './sweep-calls.ts'
import type { Transitions } from './transitions.ts'

const microsPerCharacter = 15
const tts = await startTtsServer()
const engine = createOpenaiEngine({ baseUrl: tts.baseUrl, microsPerCharacter })
const core = await testCore([engine, createToneEngine()])
const { services } = core
const { db } = services
await refreshPresetVoices(services, new AbortController().signal)
const heart = await core.voiceId('af_heart')
const low = await core.voiceId('low')
afterAll(() => tts.close())

/** Its only text, which no earlier audio answers. */
let text: string
let texts = 0
beforeEach(() => {
  text = `This is sentence number ${++texts} of all.`
  tts.asked.length = 0
  tts.onSpeech = ({ body }, answer) => sendWav(answer, toneFor(body))
})

/** Loud enough to hear, and bad to listen to. */
const clipped = (samples: Int16Array) => samples.map((sample) => Math.max(-32_768, Math.min(32_767, 40 * sample)))
const price = () => text.length * microsPerCharacter
const asked = () => tts.asked.filter(({ path }) => path === '/audio/speech').length

async function create(user: TestUser): Promise<string> {
  const input = createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${heart}` })
  return rowId((await createGeneration(user.as, input)).id)
}
const run = (id: string, more: Partial<RunContext> = {}, signal = new AbortController().signal) =>
  runGeneration({ ...services, ...more }, { generationId: id }, signal)
const row = (id: string) => db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const calls = (id: string) =>
  db.selectFrom('provider_call').selectAll().where('generation_id', '=', id).orderBy('number').execute()
const sweep = async (id: string) => {
  // As old as one is that nobody looks for any more.
  await sql`update provider_call set announced_at = announced_at - interval '30 seconds' where generation_id = ${id}`.execute(
    db,
  )
  await sweepCalls(services, new AbortController().signal)
}

class Killed extends Error {}
/** An attempt that ends there; its successor is told nothing but what is in the database. */
async function runKilled(id: string, step: keyof Transitions): Promise<void> {
  const transitions = { ...services.transitions, [step]: () => Promise.reject(new Killed()) }
  await expect(run(id, { transitions })).rejects.toBeInstanceOf(Killed)
  core.alarms.length = 0
}

describe('a generation of a server that costs, and that tells nothing of what it was asked before', () => {
  test('is asked for once, and costs what the call in its journal cost', async () => {
    const id = await create(await core.user())
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: price(), cost_held_micros: 0 })
    expect(await calls(id)).toMatchObject([{ outcome: 'succeeded', cost_micros: price(), request: null }])
    expect(asked()).toBe(1)
  })

  test.each<[string, keyof Transitions]>([
    ['before it heard the answer', 'endCall'],
    ['before it kept the audio', 'store'],
  ])('counts what an attempt had paid that died %s, and pays once more', async (_, step) => {
    const id = await create(await core.user())
    await runKilled(id, step)
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 2, actual_cost_micros: 2 * price() })
    expect(await calls(id)).toMatchObject([
      { outcome: 'gone', cost_micros: price() },
      { outcome: 'succeeded', cost_micros: price() },
    ])
    expect(asked()).toBe(2)
  })

  test('is not paid a third time, however often its attempts die', async () => {
    const id = await create(await core.user())
    await runKilled(id, 'endCall')
    await runKilled(id, 'store')
    await run(id)
    expect(await row(id)).toMatchObject({
      state: 'failed',
      error_reason: 'engine_failed',
      charged_ms: 0,
      actual_cost_micros: 2 * price(),
      cost_held_micros: 0,
    })
    expect(asked()).toBe(2)
    core.alarms.length = 0
  })

  test('counts what it was asked for at once when it is canceled meanwhile', async () => {
    tts.onSpeech = () => undefined
    const user = await core.user()
    const id = await create(user)
    const running = run(id)
    await expect.poll(asked).toBe(1)
    await cancelGeneration(user.as, { id })
    await running
    expect(await row(id)).toMatchObject({ state: 'canceled', charged_ms: 0, actual_cost_micros: price() })
    expect(await calls(id)).toMatchObject([{ outcome: 'canceled', cost_micros: price() }])
  })

  test('counts by the sweep what a dead attempt had asked for when nobody goes on with it', async () => {
    const user = await core.user()
    const id = await create(user)
    await runKilled(id, 'endCall')
    await sweep(id)
    // It may yet go on, and its next attempt says what became of it.
    expect(await calls(id)).toMatchObject([{ outcome: null }])
    await cancelGeneration(user.as, { id })
    await sweep(id)
    expect(await row(id)).toMatchObject({ state: 'canceled', actual_cost_micros: price() })
    expect(await calls(id)).toMatchObject([{ outcome: 'gone', cost_micros: price(), ended_by: 'sweep' }])
  })

  test('counts nothing for an attempt that has lost it: another one is at work', async () => {
    const id = await create(await core.user())
    await runKilled(id, 'endCall')
    const stale = await services.transitions.claim(id, newId())
    await services.transitions.claim(id, newId())
    await countLostCalls(services, stale!)
    expect(await calls(id)).toMatchObject([{ outcome: null, cost_micros: 0 }])
  })

  test('counts what it was asked for when its worker stops, and goes on', async () => {
    tts.onSpeech = () => undefined
    const id = await create(await core.user())
    const stopping = new AbortController()
    const running = run(id, {}, stopping.signal)
    running.catch(() => undefined)
    await expect.poll(asked).toBe(1)
    stopping.abort(new Error('the worker is stopping'))
    await expect(running).rejects.toThrow()
    expect(await calls(id)).toMatchObject([{ outcome: null }])
    tts.onSpeech = ({ body }, answer) => sendWav(answer, toneFor(body))
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: 2 * price() })
  })

  test('fails where the line drops, which may have been paid, and is not asked for again', async () => {
    tts.onSpeech = (_, answer) => void answer.socket?.destroy()
    const id = await create(await core.user())
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'failed', charged_ms: 0, actual_cost_micros: price() })
    expect(await calls(id)).toMatchObject([{ outcome: 'gone', cost_micros: price() }])
    expect(asked()).toBe(1)
    core.alarms.length = 0
  })

  test('pays nothing for what was refused, however often', async () => {
    let refusals = 2
    tts.onSpeech = ({ body }, answer) => (refusals-- > 0 ? sendError(answer, 503, {}) : sendWav(answer, toneFor(body)))
    const id = await create(await core.user())
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: price() })
    expect((await calls(id)).map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'succeeded'])
  })

  test('keeps what it was given while the store is out, and pays no second time', async () => {
    const { storage } = services
    let failures = 2
    const put: typeof storage.put = async (...object) => {
      if (failures-- > 0) throw new StorageError('unavailable', 'no answer')
      return storage.put(...object)
    }
    const id = await create(await core.user())
    await run(id, { storage: { ...storage, put } })
    expect(await row(id)).toMatchObject({ state: 'succeeded', attempts: 1, actual_cost_micros: price() })
    expect(asked()).toBe(1)
  })

  test('is canceled while the store is out without waiting for it', async () => {
    const { storage } = services
    let tries = 0
    const put: typeof storage.put = async () => {
      tries++
      throw new StorageError('unavailable', 'no answer')
    }
    const user = await core.user()
    const id = await create(user)
    const running = run(id, { storage: { ...storage, put } })
    await expect.poll(() => tries).toBe(1)
    await cancelGeneration(user.as, { id })
    await running
    expect(await row(id)).toMatchObject({ state: 'canceled', actual_cost_micros: price() })
  })

  /** Three segments, which begin with 0, 1 and 2. */
  const ofThree = () => {
    const sentence = text
    text = Array.from({ length: 3 }, (_, index) => `${index}. ${`${sentence} `.repeat(9)}`.trim()).join('\n\n')
  }

  test('leaves its place to the next segment while the end of its call is written, and keeps nothing before', async () => {
    ofThree()
    const { storage, transitions } = services
    const written = Promise.withResolvers<void>()
    let kept = 0
    const put: typeof storage.put = (...object) => {
      kept++
      return storage.put(...object)
    }
    const endCall: Transitions['endCall'] = async (...end) => {
      await written.promise
      return transitions.endCall(...end)
    }
    const id = await create(await core.user())
    const running = run(id, {
      segmentSlots: createFairSlots(1),
      storage: { ...storage, put },
      transitions: { ...transitions, endCall },
    })
    await expect.poll(asked).toBe(3)
    expect(kept).toBe(0)
    written.resolve()
    await running
    expect(await row(id)).toMatchObject({ state: 'succeeded', segments_done: 3 })
  })

  test('asks for nothing more when one of its segments has failed for good', async () => {
    ofThree()
    tts.onSpeech = ({ body }, answer) => {
      const isLast = body.input?.startsWith('2.')
      if (asked() > 3) return sendError(answer, 400, {})
      // The others come again when the last one has failed.
      sendError(answer, 503, {}, isLast ? {} : { 'retry-after-ms': '1500' })
    }
    const id = await create(await core.user())
    await run(id, { retries: createRetryBudget({ leastWhereOut: 10 }) })
    expect(await row(id)).toMatchObject({ state: 'failed', error_reason: 'invalid_input', actual_cost_micros: 0 })
    expect(asked()).toBe(4)
    core.alarms.length = 0
  })

  test('keeps what its other segments are given when one of them fails for good', async () => {
    ofThree()
    const id = await create(await core.user())
    const outcomes = async () => (await calls(id)).map(({ outcome }) => outcome)
    tts.onSpeech = async ({ body }, answer) => {
      await expect.poll(asked).toBe(3)
      if (body.input?.startsWith('2.')) return sendError(answer, 400, {})
      await expect.poll(outcomes).toContain('refused')
      sendWav(answer, toneFor(body))
    }
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'failed', segments_done: 2 })
    expect((await outcomes()).sort()).toEqual(['refused', 'succeeded', 'succeeded'])
    core.alarms.length = 0
  })

  test('may be spoken by another voice though a dead attempt had asked for it', async () => {
    const input = { text, format: 'pcm' as const, voiceId: `voi_${heart}`, fallbackVoiceId: `voi_${low}` }
    const user = await core.user()
    const id = rowId((await createGeneration(user.as, createGenerationInput.parse(input))).id)
    await runKilled(id, 'endCall')
    tts.onSpeech = (_, answer) => sendError(answer, 402, {})
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', engine: 'tone', actual_cost_micros: price() + 7 })
    expect((await calls(id)).map(({ outcome }) => outcome)).toEqual(['gone', 'refused'])
  })

  test('is made once more where it came out badly, and both are counted', async () => {
    let speeches = 0
    tts.onSpeech = ({ body }, answer) => sendWav(answer, speeches++ === 0 ? toneFor(body).fill(0) : toneFor(body))
    const id = await create(await core.user())
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: 2 * price() })
    expect((await calls(id)).map(({ outcome }) => outcome)).toEqual(['rejected', 'succeeded'])
  })

  test('keeps a bad take where the second one does not come', async () => {
    tts.onSpeech = ({ body }, answer) =>
      asked() === 1 ? sendWav(answer, clipped(toneFor(body))) : sendError(answer, 402, {})
    const id = await create(await core.user())
    await run(id)
    expect(await row(id)).toMatchObject({ state: 'succeeded', actual_cost_micros: price() })
    expect((await calls(id)).map(({ outcome }) => outcome)).toEqual(['succeeded', 'refused'])
  })
})
