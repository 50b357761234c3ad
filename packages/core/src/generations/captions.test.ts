import { describe, expect, test } from 'vitest'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToneEngine, toneMsPerCharacter } from '../testing/engine.ts'
import { type Captions, captionsInput, generationCaptions } from './captions.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { runGeneration } from './run.ts'

const core = await testCore([createToneEngine({ segmentCharacters: 60 })])
const { services } = core
const low = await core.voiceId('low')

const text = 'The first sentence, which is the longest.\n\nThen a second one. “And,” she said, “a third.”'

async function create(user: TestUser): Promise<string> {
  const input = createGenerationInput.parse({ text, voiceId: `voi_${low}`, format: 'pcm' })
  return rowId((await createGeneration(user.as, input)).id)
}
async function done(user: TestUser): Promise<string> {
  const id = await create(user)
  await runGeneration(services, { generationId: id }, new AbortController().signal)
  return id
}
const read = (user: TestUser, id: string, format: string) =>
  generationCaptions(user.as, captionsInput.parse({ id: `gen_${id}`, format }))

describe('captions', () => {
  test('have the times of the segments as they are in the audio, and of their words as an estimate', async () => {
    const user = await core.user()
    const id = await done(user)
    const captions: Captions = JSON.parse(await read(user, id, 'json'))
    const segments = await services.db
      .selectFrom('segment')
      .selectAll()
      .where('generation_id', '=', id)
      .orderBy('index')
      .execute()
    let at = 0
    expect(captions.segments).toHaveLength(segments.length)
    for (const [index, segment] of captions.segments.entries()) {
      const row = segments[index]!
      expect(segment.text).toBe(text.slice(row.start_offset, row.end_offset))
      expect(Math.abs(segment.startMs - at)).toBeLessThanOrEqual(1)
      expect(segment.endMs - segment.startMs).toBe(segment.text.length * toneMsPerCharacter)
      expect(segment.words[0]?.startMs).toBe(segment.startMs)
      expect(segment.words.at(-1)?.endMs).toBe(segment.endMs)
      for (const word of segment.words) expect(word.estimated).toBe(true)
      at = segment.endMs + row.pause_ms
    }
    expect(captions.segments.at(-1)?.endMs).toBe(captions.durationMs)
    expect(captions.segments.flatMap(({ words }) => words.map((word) => word.text)).join(' ')).toBe(
      'The first sentence which is the longest Then a second one And she said a third',
    )
  })

  test('are files that players read', async () => {
    const user = await core.user()
    const id = await done(user)
    expect(await read(user, id, 'srt')).toMatch(
      /^1\n00:00:00,000 --> 00:00:00,410\nThe first sentence, which is the longest\.\n\n2\n00:00:01,110 --> /,
    )
    expect(await read(user, id, 'vtt')).toMatch(/^WEBVTT\n\nNOTE AI-generated speech\..*\n\n00:00:00\.000 --> /)
  })

  test('are there when the audio is, and its owner’s', async () => {
    const [owner, stranger] = [await core.user(), await core.user()]
    const waiting = await create(owner)
    expect(await refusal(read(owner, waiting, 'vtt'))).toMatchObject({ reason: 'audio_not_ready' })
    expect(await refusal(read(stranger, await done(owner), 'vtt'))).toMatchObject({ reason: 'generation_not_found' })
    expect(captionsInput.safeParse({ id: `gen_${waiting}`, format: 'ass' }).success).toBe(false)
  })
})
