import { expect, test } from 'vitest'
import { rowId, testCore } from '../testing/core.ts'
import { createToneEngine } from '../testing/engine.ts'
import { createGeneration, createGenerationInput } from './create.ts'
import { runGeneration } from './run.ts'
import { splitSpeech } from './split-speech.ts'

const tone = createToneEngine()
/** Where it matters which language it is, the Greek question mark: elsewhere it is a semicolon, within a sentence. */
const languages = ['el', 'hi', 'ja', 'th', 'und']
const polyglot = {
  ...tone,
  voices: languages.map((language) => ({ ...tone.voices[0]!, id: language, name: language, language })),
  speak: (request: Parameters<typeof tone.speak>[0], options: Parameters<typeof tone.speak>[1]) =>
    tone.speak({ ...request, voice: 'low' }, options),
}
const core = await testCore([polyglot])
const { services } = core

const sentencePause = 350
const texts: Readonly<Record<string, readonly string[]>> = {
  el: ['Πού πήγες χθες το βράδυ τόσο αργά;', 'Πήγα στο θέατρο με τη Μαρία.'],
  hi: ['कल रात तुम इतनी देर से कहाँ गए थे?', 'मैं अपने दोस्तों के साथ बाज़ार गया था।', 'फिर हम सब साथ में घर लौट आए।'],
  ja: [
    '昨日の夜はとても遅くまで友達と一緒に駅前の映画館で映画を見ていました。',
    'それから家に帰ってすぐに寝てしまったので何も覚えていません。',
  ],
}

test.each(Object.entries(texts))(
  'in %s is by that language’s sentences, for who reserves as for who speaks',
  async (language, sentences) => {
    const { as } = await core.user()
    const text = sentences.join(language === 'ja' ? '' : ' ')
    const input = createGenerationInput.parse({ text, voiceId: `voi_${await core.voiceId(language)}`, format: 'pcm' })
    tone.reset()
    const created = await createGeneration(as, input)
    expect(created.segments.total).toBe(sentences.length)
    await runGeneration(services, { generationId: rowId(created.id) }, new AbortController().signal)
    expect([...tone.spoken].sort()).toEqual([...sentences].sort())
    const rows = await services.db
      .selectFrom('segment')
      .select(['start_offset', 'end_offset', 'pause_ms'])
      .where('generation_id', '=', rowId(created.id))
      .orderBy('index')
      .execute()
    expect(rows.map(({ start_offset, end_offset }) => text.slice(start_offset, end_offset))).toEqual(sentences)
    expect(rows.map(({ pause_ms }) => pause_ms)).toEqual(
      sentences.map((_, index) => (index < sentences.length - 1 ? sentencePause : 0)),
    )
  },
)

test('is by the language that was asked for, where the engine is told one', async () => {
  const text = texts.el?.join(' ') ?? ''
  const pauses = async (settings: object, language: string) =>
    (
      await splitSpeech([{ engine: polyglot, pronunciations: null, normalized_as: null }], { text, settings, language })
    ).map(({ pauseMs }) => pauseMs)
  expect(await pauses({}, 'el')).toEqual([sentencePause, 0])
  expect(await pauses({ language: 'el' }, 'en')).toEqual([sentencePause, 0])
  // A clause: what is too long is cut there.
  expect(await pauses({}, 'en')).toEqual([150, 0])
})
