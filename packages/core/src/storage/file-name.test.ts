import { expect, test } from 'vitest'
import { fileNameOf } from './file-name.ts'

test.each([
  ['Ada', 'Ada.wav'],
  ['Ada.wav', 'Ada.wav'],
  ['ADA.WAV', 'ADA.WAV'],
  ['Ada.mp3', 'Ada.mp3.wav'],
  ['wav', 'wav.wav'],
  ['../a\\b', '..-a-b.wav'],
])('a WAV called %j is downloaded as %j', (name, expected) => {
  expect(fileNameOf(name, 'wav')).toBe(expected)
})
