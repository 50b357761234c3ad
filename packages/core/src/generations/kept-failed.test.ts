import { type Engine, EngineError } from '@loqui/engines/engine'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { revokeConsent } from '../consents/revoke.ts'
import { newId } from '../ids.ts'
import { reconcileStorage } from '../storage/reconcile.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { oneSlot } from '../testing/one-slot.ts'
import { consentOf, giveVoice } from '../testing/samples.ts'
import { currentUsage } from '../usage/current.ts'
import { deleteVoice } from '../voices/delete.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { deleteGeneration } from './delete.ts'
import { failedKeptHours } from './kept-failed.ts'
import { retakeGeneration, retakeGenerationInput } from './retake.ts'
import { runGeneration } from './run.ts'
import { sweepGenerations } from './sweep.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db, storage } = services
const low = await core.voiceId('low')

beforeEach(() => engine.reset())

const sentences = [
  'The first sentence is spoken alone.',
  'The second sentence is not the third.',
  'The third one ends it all.',
] as const
const text = sentences.join(' ')

const run = (id: string, speaking: Engine = engine) =>
  runGeneration(
    { ...services, segmentSlots: oneSlot(), engines: new Map([[engine.id, speaking]]) },
    { generationId: id },
    new AbortController().signal,
  )

async function create(user: TestUser, own: Partial<z.input<typeof createGenerationInput>> = {}) {
  const input = createGenerationInput.parse({ text, format: 'pcm', voiceId: `voi_${low}`, ...own })
  return rowId((await createGeneration(user.as, input)).id)
}

/** One whose last sentence could not be spoken. */
async function failed(user: TestUser, own: Partial<z.input<typeof createGenerationInput>> = {}) {
  const id = await create(user, own)
  await run(id, {
    ...engine,
    async speak(request, options) {
      if (!request.text.includes('third one')) return engine.speak(request, options)
      await expect.poll(async () => (await row(id)).segments_done).toBe(2)
      throw new EngineError('never', { retryable: false })
    },
  })
  core.alarms.splice(0)
  engine.reset()
  expect(await row(id)).toMatchObject({ state: 'failed', segments_done: 2, charged_ms: 0, cost_held_micros: 0 })
  return id
}

const row = (id: string) => db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const retake = async (user: TestUser, id: string, own: Omit<z.input<typeof retakeGenerationInput>, 'id'> = {}) =>
  rowId((await retakeGeneration(user.as, retakeGenerationInput.parse({ id: `gen_${id}`, ...own }))).id)

const endedAgo = (id: string, interval: string) =>
  sql`alter table generation disable trigger generation_terminal;
    update generation set finished_at = finished_at - interval '${sql.raw(interval)}' where id = '${sql.raw(id)}';
    alter table generation enable trigger generation_terminal`.execute(core.owner)

describe('what was finished of a generation that failed', () => {
  test('is there, without anything else that it wrote, and costs its user nothing', async () => {
    const user = await core.user()
    const id = await failed(user)
    const segments = await db
      .selectFrom('segment')
      .select(['audio_key', 'state'])
      .where('generation_id', '=', id)
      .orderBy('index')
      .execute()
    expect(segments[2]).toMatchObject({ audio_key: null })
    expect(await core.objects(id)).toEqual(segments.flatMap(({ audio_key }) => audio_key ?? []).sort())
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: 0, reservedMs: 0 })
  })

  test.for([undefined, 7])('is not asked for again by a second try, of seed %s', async (seed) => {
    const user = await core.user()
    const second = await retake(user, await failed(user, { seed }))
    await run(second)
    expect(engine.spoken).toEqual([sentences[2]])
    const { duration_ms, ...ended } = await row(second)
    expect(ended).toMatchObject({
      state: 'succeeded',
      segments_cached: 2,
      charged_ms: duration_ms,
      actual_cost_micros: 7,
      cost_held_micros: 0,
    })
  })

  test('is not asked for again where the bad sentence was mended', async () => {
    const user = await core.user()
    await failed(user)
    const mended = await create(user, { text: text.replace('The third one', 'The last one') })
    await run(mended)
    expect(engine.spoken).toEqual(['The last one ends it all.'])
    expect(await row(mended)).toMatchObject({ state: 'succeeded', segments_cached: 2 })
  })

  test('is kept by a take of the segment that failed, which is reserved at its price alone', async () => {
    const user = await core.user()
    const second = await retake(user, await failed(user), { segments: [2] })
    expect((await row(second)).cost_held_micros).toBe(engine.price(sentences[2]))
    await run(second)
    expect(engine.spoken).toEqual([sentences[2]])
    expect(await row(second)).toMatchObject({ state: 'succeeded', segments_cached: 2, spoken_anew: [2] })
  })

  test('is spoken anew where that is asked for, with what is not finished whether it is named or not', async () => {
    const user = await core.user()
    const second = await retake(user, await failed(user), { segments: [0] })
    await run(second)
    expect(engine.spoken).toEqual([sentences[0], sentences[2]])
    expect(await row(second)).toMatchObject({ state: 'succeeded', segments_cached: 1, spoken_anew: [0, 2] })
  })

  test('answers nobody else', async () => {
    await failed(await core.user())
    await run(await create(await core.user()))
    expect(engine.spoken).toHaveLength(3)
  })

  test('is left alone by both sweeps for a day, then goes, and is spoken again', async () => {
    const user = await core.user()
    const id = await failed(user)
    const orphan = `generations/${id}/${newId()}/0.pcm`
    await storage.put(orphan, Buffer.from('late'))
    await endedAgo(id, `${failedKeptHours - 1} hours`)
    await sweepGenerations(services)
    expect(await core.objects(id)).toHaveLength(3)
    await reconcileStorage(services, { youngMs: 0 })
    expect(await core.objects(id)).toHaveLength(2)
    expect(await core.objects(id)).not.toContain(orphan)

    const [key] = await core.objects(id)
    await endedAgo(id, '1 hour')
    expect(await sweepGenerations(services)).toMatchObject({ purged: 1 })
    expect(await core.objects(id)).toEqual([])
    expect(await sweepGenerations(services)).toMatchObject({ purged: 0 })
    await storage.put(key!, Buffer.from('of a backup'))
    expect(await reconcileStorage(services, { youngMs: 0 })).toMatchObject({ missing: [] })
    expect(await core.objects(id)).toEqual([])

    expect(await refusal(retake(user, id, { segments: [2] }))).toMatchObject({ reason: 'audio_not_ready' })
    await run(await retake(user, id))
    expect(engine.spoken).toHaveLength(3)
  })

  test('goes with the generation', async () => {
    const user = await core.user()
    const id = await failed(user)
    await deleteGeneration(user.as, { id })
    expect(await core.objects(id)).toEqual([])
  })

  test('goes with its voice, and with the consent to it', async () => {
    const user = await core.user()
    const [revoked, deleted] = [await giveVoice(user.as), await giveVoice(user.as)]
    const first = await failed(user, { voiceId: revoked.id })
    const second = await failed(user, { voiceId: deleted.id })
    await revokeConsent(user.as, { id: consentOf(revoked) })
    expect(await core.objects(first)).toEqual([])
    await deleteVoice(user.as, { id: rowId(deleted.id) })
    expect(await core.objects(second)).toEqual([])
  })

  test('goes with the sweep when the consent ends by itself, or the store did not answer when its voice was deleted', async () => {
    const user = await core.user()
    const [expired, deleted] = [await giveVoice(user.as), await giveVoice(user.as)]
    const ids = [await failed(user, { voiceId: expired.id }), await failed(user, { voiceId: deleted.id })]
    const silent = { ...storage, remove: () => Promise.reject(new Error('no answer')) }
    await deleteVoice({ ...user.as, storage: silent }, { id: rowId(deleted.id) })
    await sql`alter table consent disable trigger consent_append_only;
      update consent set expires_at = clock_timestamp() - interval '1 second' where id = '${sql.raw(consentOf(expired))}';
      alter table consent enable trigger consent_append_only`.execute(core.owner)
    for (const id of ids) await endedAgo(id, '2 minutes')
    expect(await sweepGenerations(services)).toMatchObject({ purged: 2 })
    for (const id of ids) expect(await core.objects(id)).toEqual([])
  })
})

test('of what failed before anything was finished there is nothing to keep', async () => {
  const user = await core.user()
  const id = await create(user)
  engine.fail('first', new EngineError('never', { retryable: false }))
  await run(id)
  core.alarms.splice(0)
  expect(await core.objects(id)).toEqual([])
  expect(await refusal(retake(user, id, { segments: [0] }))).toMatchObject({ reason: 'audio_not_ready' })
  await endedAgo(id, '2 minutes')
  expect(await sweepGenerations(services)).toMatchObject({ purged: 1 })
})
