import { expect, test } from 'vitest'
import { audioFormats, isAudioFormat, playableFormat } from './formats.ts'

test('a generation plays in its own format where the browser can', () => {
  expect(playableFormat('opus', () => 'probably')).toBe('opus')
})

test('what the browser cannot play, it plays as MP3', () => {
  const safari = (contentType: string) => (contentType.includes('opus') ? '' : 'maybe')
  expect(playableFormat('opus', safari)).toBe('mp3')
  expect(playableFormat('flac', safari)).toBe('flac')
})

test('raw samples are never given to an audio element, whatever it promises', () => {
  for (const raw of ['pcm', 'ulaw', 'alaw'] as const) expect(playableFormat(raw, () => 'probably')).toBe('mp3')
})

test('every format is known by its name and nothing else is', () => {
  expect(audioFormats.every(isAudioFormat)).toBe(true)
  expect([null, 3, 'ogg', 'constructor'].some(isAudioFormat)).toBe(false)
})
