import type { Voice } from '@loqui/sdk'
import { expect, test } from 'vitest'
import { presetVoice } from './testing.ts'
import { everyVoice, filterVoices, languageOptions, pickVoice } from './voices.ts'

const stella = presetVoice({ name: 'Stella', gender: 'female', language: 'en-US' })
const angus = presetVoice({ name: 'Angus', gender: 'male', language: 'en-GB' })
const ines = presetVoice({ name: 'Ines', gender: 'female', language: 'pt-BR' })
const voices = [stella, angus, ines]
const names = (found: Voice[]) => found.map(({ name }) => name)

test('no filter leaves every voice in its order', () => {
  expect(filterVoices(voices, everyVoice)).toEqual(voices)
})

test('a language finds its regions, and gender narrows further', () => {
  expect(names(filterVoices(voices, { gender: 'any', language: 'en' }))).toEqual(['Stella', 'Angus'])
  expect(names(filterVoices(voices, { gender: 'female', language: 'en' }))).toEqual(['Stella'])
  expect(names(filterVoices(voices, { gender: 'neutral', language: 'any' }))).toEqual([])
})

test('languages to choose from are those that some voice speaks, each once, by name', () => {
  expect(languageOptions(voices.map(({ language }) => language))).toEqual([
    { value: 'en', label: 'English' },
    { value: 'pt', label: 'Portuguese' },
  ])
})

test('what was chosen speaks while it can, else the first that can', () => {
  const silent = { ...stella, available: false, unavailable: 'engine_not_configured' } as const
  expect(pickVoice(voices, angus.id)).toBe(angus)
  expect(pickVoice(voices, null)).toBe(stella)
  expect(pickVoice([silent, angus, ines], silent.id)).toBe(angus)
  expect(pickVoice([silent, angus, ines], 'voi_gone')).toBe(angus)
  expect(pickVoice([silent], silent.id)).toBeUndefined()
})
