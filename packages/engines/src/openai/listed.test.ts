import { describe, expect, test } from 'vitest'
import { chooseModel, readModels, readVoices } from './listed.ts'

const heart = { id: 'af_heart', name: 'Heart', gender: 'female', language: 'en-US' }

describe('a list of voices', () => {
  test.each<[string, unknown, object]>([
    ['Kokoro-FastAPI', { voices: [{ id: 'af_heart', name: 'af_heart' }] }, heart],
    ['Kokoro-FastAPI as it was, and Kokoros', { voices: ['af_heart'] }, heart],
    [
      'speaches',
      { voices: [{ name: 'jf_alpha', language: 'ja', gender: 'female', id: 'jf_alpha' }], object: 'list' },
      { id: 'jf_alpha', name: 'Alpha', gender: 'female', language: 'ja' },
    ],
    [
      'OpenAI’s lists',
      { object: 'list', data: [{ id: 'voice_1', object: 'audio.voice', name: 'My voice' }] },
      { id: 'voice_1', name: 'My voice', gender: 'neutral', language: 'und' },
    ],
    [
      'ElevenLabs',
      [{ voice_id: 'a1', name: 'Ada', gender: 'F', locale: 'pt_br' }],
      { id: 'a1', name: 'Ada', gender: 'female', language: 'pt-BR' },
    ],
  ])('is read as %s has it', (_, answered, expected) => {
    expect(readVoices(answered)).toEqual([{ description: expect.stringMatching(/./), ...expected }])
  })

  test('has every voice once, and leaves out what is none', () => {
    const voices = readVoices({
      voices: ['one', { id: 'one' }, null, 7, { id: '' }, {}, 'x'.repeat(300), ['two'], 'two'],
    })
    expect(voices?.map(({ id }) => id)).toEqual(['one', 'two'])
    expect(readVoices({ voices: Array.from({ length: 5_000 }, (_, index) => `voice ${index}`) })).toHaveLength(1_000)
  })

  test('may be empty, and is none where nothing in it is a voice', () => {
    expect(readVoices({ voices: [] })).toEqual([])
    for (const answered of [undefined, null, 'voices', { voices: {} }, { voices: [7] }, { detail: 'Not Found' }]) {
      expect(readVoices(answered)).toBeNull()
    }
  })

  test('says nothing of a language that is no tag', () => {
    expect(readVoices([{ id: 'a', language: 'not a language' }])?.[0]?.language).toBe('und')
  })
})

test.each<[string, unknown, string]>([
  ['the usual one', { data: [{ id: 'gpt-4o-mini' }, { id: 'tts-1' }] }, 'tts-1'],
  ['the first that speaks', { data: [{ id: 'whisper-1' }, { id: 'kokoro' }, { id: 'piper' }] }, 'kokoro'],
  ['the only one', { models: [{ id: 'my-model' }] }, 'my-model'],
  ['the usual one where none is known to speak', { data: [{ id: 'llama' }, { id: 'qwen' }] }, 'tts-1'],
  ['the usual one where there is no list', '<html>', 'tts-1'],
])('asked for is %s', (_, answered, model) => {
  expect(chooseModel(readModels(answered) ?? [])).toBe(model)
})
