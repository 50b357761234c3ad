import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { setBudget } from '../budgets/set.ts'
import { newId } from '../ids.ts'
import { adjustQuota } from '../quota/adjust.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { createToneEngine, toneMsPerCharacter } from '../testing/engine.ts'
import { snapshot } from '../testing/snapshot.ts'
import { currentUsage } from '../usage/current.ts'
import { cancelGeneration } from './cancel.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { type Estimate, estimateGeneration, estimateInput } from './estimate.ts'

const core = await testCore([createToneEngine()])
const { services } = core
const { db } = services
const low = await core.voiceId('low')
const system = { ...services, actor: { kind: 'system' } as const }

const input = (text: string, more: object = {}) => estimateInput.parse({ text, voiceId: `voi_${low}`, ...more })
const create = (as: Parameters<typeof createGeneration>[0], text: string) =>
  createGeneration(as, createGenerationInput.parse({ text, voiceId: `voi_${low}` }))

/** A user who has this much left. */
async function userWith(ms: number) {
  const user = await core.user()
  const { remainingMs } = await currentUsage(user.as)
  if (ms !== remainingMs) await adjustQuota(system, { userId: user.id, ms: ms - remainingMs, note: 'As needed.' })
  return user
}

describe('an estimate', () => {
  test('says what a generation would take, and writes nothing', async () => {
    const user = await userWith(10_000)
    const text = 'One sentence here. Another sentence there.'
    const before = await snapshot(db)
    expect(await estimateGeneration(user.as, input(text))).toEqual({
      engine: 'tone',
      characters: 42,
      segments: 2,
      estimatedMs: 760,
      reservedMs: 1_170,
      fits: true,
      remainingMs: 10_000,
      remainingAfterMs: 8_830,
      costMicros: 9,
    } satisfies Estimate)
    expect(await snapshot(db)).toEqual(before)
  })

  test('is what the generation then says, and whether it fits is whether it is made', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[A-Z][a-z ]{1,40}[.?]$/), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: -40, max: 40 }),
        async (sentences, spareMs) => {
          const text = sentences.join(' ')
          const { reservedMs } = await estimateGeneration((await core.user()).as, input(text))
          const user = await userWith(Math.max(0, reservedMs + spareMs))
          const estimate = await estimateGeneration(user.as, input(text))
          const made = await create(user.as, text).catch((error: unknown) => error)
          expect(estimate.fits).toBe(spareMs >= 0)
          expect(estimate.remainingAfterMs).toBe(estimate.remainingMs - estimate.reservedMs)
          if (!estimate.fits) {
            expect(made).toMatchObject({ reason: 'quota_exceeded' })
            return
          }
          expect(made).toMatchObject({
            engine: estimate.engine,
            characters: estimate.characters,
            segments: { total: estimate.segments },
            estimatedMs: estimate.estimatedMs,
            reservedMs: estimate.reservedMs,
            cost: { predictedMicros: estimate.costMicros },
          })
          expect((await currentUsage(user.as)).remainingMs).toBe(estimate.remainingAfterMs)
          await cancelGeneration(user.as, { id: rowId((made as { id: string }).id) })
        },
      ),
      { numRuns: 25 },
    )
  }, 60_000)

  test('is the sum of what is reserved for each segment, and of the pauses between them', async () => {
    const user = await userWith(100_000)
    for (const [text, ofSegments, pausesMs] of [
      ['One sentence here, and no more.', [31], 0],
      ['One sentence here, and more. Another sentence there, and no more.', [28, 36], 350],
      ['One paragraph here.\n\n\n  Another paragraph there.', [19, 24], 700],
    ] as const) {
      const characters = ofSegments.reduce<number>((sum, length) => sum + length, 0)
      const spokenMs = characters * toneMsPerCharacter
      expect(await estimateGeneration(user.as, input(text))).toMatchObject({
        segments: ofSegments.length,
        estimatedMs: spokenMs + pausesMs,
        reservedMs: 2 * spokenMs + pausesMs,
        costMicros: ofSegments.reduce<number>((sum, length) => sum + Math.ceil(length / 5), 0),
      })
    }
  })

  test('counts what others hold of the quota meanwhile', async () => {
    const user = await userWith(10_000)
    await create(user.as, 'a'.repeat(400))
    expect(await estimateGeneration(user.as, input('a'.repeat(101)))).toMatchObject({
      remainingMs: 2_000,
      fits: false,
      remainingAfterMs: -20,
    })
  })

  test('is refused for what would refuse the generation, in the same words', async () => {
    const user = await core.user()
    const before = await snapshot(db)
    for (const [text, voiceId] of [
      ['', low],
      ['It costs 5 ¤.', low],
      ['a'.repeat(5_001), low],
      ['Words.', newId()],
    ] as const) {
      const given = { text, voiceId, settings: {}, format: 'mp3' } as const
      const said = await refusal(estimateGeneration(user.as, given))
      const asked = await refusal(createGeneration(user.as, given))
      expect(said).toEqual(asked)
    }
    for (const wrong of [{ sampleRate: 1 }, { bitRate: 1 }]) {
      const said = await refusal(estimateGeneration(user.as, input('Words.', wrong)))
      expect(said).toMatchObject({ reason: 'invalid_input', issues: [{ field: Object.keys(wrong)[0] }] })
      const asked = createGenerationInput.parse({ text: 'Words.', voiceId: `voi_${low}`, ...wrong })
      expect(said).toEqual(await refusal(createGeneration(user.as, asked)))
    }
    const away = { ...user.as, engines: new Map() }
    expect(await refusal(estimateGeneration(away, input('Words.')))).toMatchObject({ reason: 'voice_unavailable' })
    expect(await snapshot(db)).toEqual(before)
  })

  test('is refused where a budget would be gone beyond, of the user or of all', async () => {
    const user = await core.user()
    const text = 'a'.repeat(200)
    for (const userId of [user.id, null]) {
      const spent = await db.selectFrom('cost_month').selectAll().where('user_id', 'is', null).executeTakeFirst()
      const used = userId === null ? (spent?.spent_micros ?? 0) + (spent?.held_micros ?? 0) : 0
      await setBudget(system, { userId, alertMicros: null, limitMicros: used + 39 })
      const said = await refusal(estimateGeneration(user.as, input(text)))
      expect(said).toMatchObject({ reason: 'budget_exceeded' })
      expect(said).toEqual(await refusal(create(user.as, text)))
      await setBudget(system, { userId, alertMicros: null, limitMicros: used + 40 })
      expect(await estimateGeneration(user.as, input(text))).toMatchObject({ costMicros: 40 })
      await setBudget(system, { userId, alertMicros: null, limitMicros: null })
    }
  })

  test('is the same however the audio is made', async () => {
    const user = await core.user()
    const estimate = await estimateGeneration(user.as, input('Words.'))
    for (const output of [{ format: 'ulaw' }, { sampleRate: 8_000, bitRate: 16 }, { loudness: -16 }]) {
      expect(await estimateGeneration(user.as, input('Words.', output))).toEqual(estimate)
    }
  })

  test('is for who may generate', async () => {
    const user = await core.user()
    const reader = await user.withKey(['generations:read', 'usage:read'])
    expect(await refusal(estimateGeneration(reader, input('Words.')))).toMatchObject({ reason: 'scope_missing' })
    await estimateGeneration(await user.withKey(['generations:write']), input('Words.'))
    expect(await refusal(estimateGeneration(system, input('Words.')))).toMatchObject({ reason: 'forbidden' })
  })
})
