import type { Voice } from '@loqui/sdk'
import { expect, test } from 'vitest'
import { everyVoice, filterVoices, languageOptions } from './voices.ts'

const voice = (name: string, gender: Voice['gender'], language: string): Voice => ({
  id: `voi_${name}`,
  name,
  kind: 'preset',
  engine: 'offline',
  gender,
  language,
  description: '',
})

const voices = [voice('Stella', 'female', 'en-US'), voice('Angus', 'male', 'en-GB'), voice('Ines', 'female', 'pt-BR')]
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
  expect(languageOptions(voices)).toEqual([
    { value: 'en', label: 'English' },
    { value: 'pt', label: 'Portuguese' },
  ])
})
