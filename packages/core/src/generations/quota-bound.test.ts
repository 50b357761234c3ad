import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { afterAll, describe, expect, test } from 'vitest'
import { rowId, testCore } from '../testing/core.ts'
import { currentUsage } from '../usage/current.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { runGeneration } from './run.ts'

const offline = createOfflineEngine({ threads: 2 })
afterAll(() => offline.close())
const core = await testCore([offline])
const { services } = core
const { db } = services

/** Read as more than is written, and long for their letters; of several segments, so that none makes up for another. */
const texts = [
  'CA '.repeat(150),
  "'s/".repeat(150),
  'CA/'.repeat(110),
  'Ave/'.repeat(90),
  'splash '.repeat(60),
  'Feb '.repeat(90),
  `${'Oct. '.repeat(60)}\n\n* * *\n\nox.\n\n${'ox, '.repeat(75)}`,
]

describe('what is charged for a text that is longer than it looks', () => {
  test.each(texts)('is the length of its audio, all of which was reserved: %j', { timeout: 60_000 }, async (text) => {
    const user = await core.user()
    const input = createGenerationInput.parse({
      text,
      format: 'pcm',
      voiceId: `voi_${await core.voiceId('russell')}`,
      settings: { speed: 2 },
    })
    const generation = await createGeneration(user.as, input)
    const id = rowId(generation.id)
    await runGeneration(services, { generationId: id }, new AbortController().signal)

    const row = await db.selectFrom('generation').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    expect(row.state).toBe('succeeded')
    const decodedMs = Math.round((await services.storage.size(row.audio_key!))! / 2 / 24)
    expect(row).toMatchObject({ duration_ms: decodedMs, charged_ms: decodedMs })
    expect(decodedMs).toBeLessThanOrEqual(generation.reservedMs)
    expect(await currentUsage(user.as)).toMatchObject({ usedMs: decodedMs, reservedMs: 0 })
  })
})
