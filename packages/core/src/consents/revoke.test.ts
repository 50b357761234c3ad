import { createDb } from '@loqui/db/client'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createGeneration, createGenerationInput } from '../generations/create.ts'
import { getGeneration } from '../generations/get.ts'
import { runGeneration } from '../generations/run.ts'
import { newId } from '../ids.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { consentOf, giveConsent, giveSample, giveVoice } from '../testing/samples.ts'
import { currentUsage } from '../usage/current.ts'
import { createVoice, createVoiceInput } from '../voices/create.ts'
import { getVoice } from '../voices/get.ts'
import type { Voice } from '../voices/voice.ts'
import { revokeConsent } from './revoke.ts'

const engine = createToneEngine()
const core = await testCore([engine])
const { services } = core
const { db } = services
/** Of another process. */
const other = createDb({ connectionString: core.connectionString, max: 8 })
afterAll(() => other.destroy())
beforeEach(() => engine.reset())

const text = 'This is the first sentence here. And this is the second one. Here comes the third of them.'
const create = (user: TestUser, { id }: Pick<Voice, 'id'>, as = user.as) =>
  createGeneration(as, createGenerationInput.parse({ text, format: 'pcm', voiceId: id }))
const states = async (ids: readonly string[]) => {
  const rows = await db.selectFrom('generation').select(['id', 'state']).where('id', 'in', ids.map(rowId)).execute()
  return ids.map((id) => rows.find((row) => row.id === rowId(id))?.state)
}
const run = (id: string) => runGeneration(services, { generationId: rowId(id) }, new AbortController().signal)
const expire = async (voice: Voice) => {
  await sql`alter table consent disable trigger consent_append_only`.execute(core.owner)
  await sql`update consent set expires_at = clock_timestamp() - interval '1 second' where id = ${consentOf(voice)}`.execute(
    core.owner,
  )
  await sql`alter table consent enable trigger consent_append_only`.execute(core.owner)
}

describe('the end of a consent', () => {
  test('ends what its voices speak, gives back what was held, and leaves other voices alone', async () => {
    const user = await core.user({ planId: 'unlimited' })
    const [voice, kept] = [await giveVoice(user.as), await giveVoice(user.as)]
    engine.hold()
    core.work()
    const lost = [await create(user, voice), await create(user, voice)].map(({ id }) => id)
    const { id: other } = await create(user, kept)
    await vi.waitFor(() => expect(engine.held).toHaveLength(9))
    const queued = await create(user, voice)
    await revokeConsent(user.as, { id: consentOf(voice) })
    expect(await states([...lost, queued.id])).toEqual(['canceled', 'canceled', 'canceled'])
    await vi.waitFor(() => expect(engine.aborted.length).toBeGreaterThanOrEqual(6))
    engine.release()
    await vi.waitFor(async () => expect(await states([other])).toEqual(['succeeded']))
    expect((await currentUsage(user.as)).reservedMs).toBe(0)
    expect(await getGeneration(user.as, { id: rowId(queued.id) })).toMatchObject({ chargedMs: 0, error: null })
  })

  test('makes its voices say so and refuse to speak', async () => {
    const user = await core.user()
    const voice = await giveVoice(user.as, { aliases: ['me'] })
    await revokeConsent(user.as, { id: consentOf(voice) })
    expect(await getVoice(user.as, { id: rowId(voice.id) })).toMatchObject({
      available: false,
      unavailable: 'consent_revoked',
    })
    for (const id of [voice.id, 'me']) {
      expect(await refusal(create(user, { id }))).toMatchObject({ reason: 'consent_required' })
    }
    expect(engine.spoken).toEqual([])
  })

  test('deletes the samples it covers but those that another live consent covers', async () => {
    const { id: userId, as } = await core.user()
    const [only, shared, expired] = [
      await giveSample(db, userId),
      await giveSample(db, userId),
      await giveSample(db, userId),
    ]
    const id = rowId(await giveConsent(as, [only, shared, expired]))
    await giveConsent(as, [shared])
    const ended = rowId(await giveConsent(as, [expired]))
    await revokeConsent(as, { id: ended })
    // Covered by another consent still.
    const deleted = async () => {
      const rows = await db.selectFrom('sample').select(['id', 'deleted_at']).where('user_id', '=', userId).execute()
      return rows.filter(({ deleted_at }) => deleted_at !== null).map(({ id }) => `smp_${id}`)
    }
    expect(await deleted()).toEqual([])
    await revokeConsent(as, { id })
    expect((await deleted()).toSorted()).toEqual([only, expired].toSorted())
  })

  test('lets no voice be made any more', async () => {
    const { id: userId, as } = await core.user()
    const sampleIds = [await giveSample(db, userId)]
    const consentId = await giveConsent(as, sampleIds)
    await giveConsent(as, sampleIds)
    await revokeConsent(as, { id: rowId(consentId) })
    const made = createVoice(as, createVoiceInput.parse({ name: 'Mine', sampleIds, consentId }))
    expect(await refusal(made)).toMatchObject({ reason: 'consent_required' })
  })

  test('by its day having come lets nothing be created, claimed or spoken', async () => {
    const user = await core.user({ planId: 'unlimited' })
    const [voice, spoken] = [await giveVoice(user.as), await giveVoice(user.as)]
    const queued = await create(user, voice)
    await expire(voice)
    expect(await refusal(create(user, voice))).toMatchObject({ reason: 'consent_required' })
    expect(await getVoice(user.as, { id: rowId(voice.id) })).toMatchObject({ unavailable: 'consent_expired' })
    await run(queued.id)
    expect(await states([queued.id])).toEqual(['canceled'])
    expect(engine.spoken).toEqual([])

    const begun = await create(user, spoken)
    const claimed = await services.transitions.claim(rowId(begun.id), newId())
    const first = { submitted: false, lookup: undefined }
    await services.transitions.begin(claimed!, [{ index: 0, start: 0, end: text.length, pauseMs: 0 }], first)
    await expire(spoken)
    expect(await services.transitions.submit(claimed!, 0)).toMatchObject({ held: false })
    await run(begun.id)
    expect(await states([begun.id])).toEqual(['canceled'])
    expect(engine.spoken).toEqual([])
  })

  test('that comes while the engine is tried again is waited for by no further try', async () => {
    const { EngineError } = await import('@loqui/engines/engine')
    const user = await core.user()
    const voice = await giveVoice(user.as)
    const { id } = await create(user, voice)
    engine.fail('first', new EngineError('try again', { retryable: true }))
    // As if no hint came through.
    const deaf = { ...services, listener: { ...services.listener, on: () => () => undefined } }
    const running = runGeneration(deaf, { generationId: rowId(id) }, new AbortController().signal)
    await vi.waitFor(() => expect(engine.spoken.length).toBeGreaterThanOrEqual(3))
    const before = engine.spoken.length
    await revokeConsent(user.as, { id: consentOf(voice) })
    await running
    expect(engine.spoken).toHaveLength(before)
  })
})

describe('no race with the end of a consent', () => {
  test.each(Array.from({ length: 6 }, (_, round) => round))(
    'lets a generation be created, claimed or spoken after it (%i)',
    async (round) => {
      const user = await core.user({ planId: 'unlimited' })
      const voice = await giveVoice(user.as)
      core.work()
      // Two processes create while a third one revokes, each time a little later.
      const creates = Array.from({ length: 24 }, (_, index) =>
        create(user, voice, index % 2 === 0 ? user.as : { ...user.as, db: other }),
      )
      const outcomes = Promise.allSettled(creates)
      await Promise.race([Promise.all(creates.slice(0, round * 4)), outcomes])
      await revokeConsent({ ...user.as, db: other }, { id: consentOf(voice) })
      const spoken = engine.spoken.length
      const late = await Promise.allSettled(Array.from({ length: 8 }, () => create(user, voice)))
      expect(late.every(({ status }) => status === 'rejected')).toBe(true)
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ reason: 'consent_required' })
      }
      const { rows } = await sql<{ open: number; late: number }>`
        select count(*) filter (where state in ('queued', 'running'))::integer as open,
          count(*) filter (where g.created_at > c.revoked_at)::integer as late
        from generation g join consent c on c.id = g.consent_id where c.id = ${consentOf(voice)}
      `.execute(db)
      expect(rows).toEqual([{ open: 0, late: 0 }])
      expect(engine.spoken).toHaveLength(spoken)
      expect(
        await core.owner.selectFrom('cost_month').select('held_micros').where('user_id', '=', user.id).execute(),
      ).toEqual([{ held_micros: 0 }])
    },
  )

  test('makes a voice by it', async () => {
    for (let round = 0; round < 5; round++) {
      const { id: userId, as } = await core.user()
      const sampleIds = [await giveSample(db, userId)]
      const consentId = await giveConsent(as, sampleIds)
      const input = createVoiceInput.parse({ name: 'Mine', sampleIds, consentId })
      const [outcomes] = await Promise.all([
        Promise.allSettled(
          Array.from({ length: 6 }, (_, index) => createVoice(index % 2 === 0 ? as : { ...as, db: other }, input)),
        ),
        revokeConsent({ ...as, db: other }, { id: rowId(consentId) }),
      ])
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') {
          expect(await getVoice(as, { id: rowId(outcome.value.id) })).toMatchObject({ unavailable: 'consent_revoked' })
        } else {
          expect(['consent_required', 'sample_not_found']).toContain(outcome.reason.reason)
        }
      }
    }
  })
})
