import { expect, test } from 'vitest'
import { settingsFor, takesSeed } from './settings.ts'

const chatterbox = {
  exaggeration: { min: 0.25, max: 2, default: 0.5 },
  temperature: { min: 0.05, max: 5, default: 0.8 },
}
const offline = { speed: { min: 0.25, max: 4, default: 1 }, pitch: { min: -12, max: 12, default: 0 } }
const multilingual = { language: { values: ['de', 'en'], default: 'en' } }

test('a voice is asked for what it takes, as far as that is not what it does anyway', () => {
  const wanted = { speed: 1.5, pitch: 0, exaggeration: 0.9, temperature: 0.8, language: 'de' }
  expect(settingsFor({ takes: offline, settings: {} }, wanted)).toEqual({ speed: 1.5 })
  expect(settingsFor({ takes: chatterbox, settings: {} }, wanted)).toEqual({ exaggeration: 0.9 })
  expect(settingsFor({ takes: multilingual, settings: {} }, wanted)).toEqual({ language: 'de' })
})

test('what was set for a voice that goes further is left out', () => {
  expect(settingsFor({ takes: offline, settings: {} }, { speed: 5 })).toEqual({})
  expect(settingsFor({ takes: multilingual, settings: {} }, { language: 'xx' })).toEqual({})
})

test('what a voice says for itself is its own default, which a draft may undo', () => {
  const voice = { takes: { ...chatterbox, ...offline }, settings: { temperature: 1.5, speed: 1.2 } }
  expect(settingsFor(voice, { temperature: 1.5, speed: 1 })).toEqual({})
  expect(settingsFor(voice, { temperature: 0.8, speed: 1 })).toEqual({ temperature: 0.8 })
})

test('a seed is for voices that leave something to chance', () => {
  expect([chatterbox, offline, multilingual].map(takesSeed)).toEqual([true, false, false])
})
