// @vitest-environment happy-dom
import type { Generation } from '@loqui/sdk'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Player } from './player.tsx'

const generation: Generation = {
  id: 'gen_1',
  state: 'succeeded',
  title: 'Morning',
  text: 'It is ten past nine. The kettle is on.',
  excerpt: 'It is ten past nine. The kettle is on.',
  characters: 38,
  voiceId: 'voi_1',
  engine: 'offline',
  fallbackVoiceId: null,
  fellBackFrom: null,
  format: 'pcm',
  sampleRate: 24_000,
  bitRate: null,
  loudness: null,
  settings: {},
  seed: null,
  normalize: false,
  takeOf: null,
  waitsFor: null,
  segments: { total: 2, done: 2, cached: 0 },
  estimatedMs: 4000,
  durationMs: 20_000,
  reservedMs: 8000,
  chargedMs: 20_000,
  cost: { predictedMicros: 0, actualMicros: 0 },
  error: null,
  createdAt: '2026-11-21T12:00:00Z',
  startedAt: '2026-11-21T12:00:01Z',
  finishedAt: '2026-11-21T12:00:02Z',
}

/** The element that plays: here it does nothing by itself, and each test says what it reports. */
let audio: HTMLAudioElement
let play: ReturnType<typeof vi.fn<() => Promise<void>>>

beforeEach(() => {
  render(<Player generation={generation} lengths={new Map()} />)
  const element = document.querySelector('audio')
  if (!element) throw new Error('There is no audio element.')
  audio = element
  play = vi.fn(() => Promise.resolve())
  Object.assign(audio, { play, pause: vi.fn(), load: vi.fn() })
})

afterEach(cleanup)

const report = (type: string) => act(() => void audio.dispatchEvent(new Event(type)))

test('what was heard of it while it was made goes on from there', () => {
  cleanup()
  const seen = vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue()
  render(<Player generation={generation} lengths={new Map()} heard={{ positionMs: 7000, isPlaying: true }} />)
  expect(document.querySelector('audio')?.currentTime).toBe(7)
  expect(seen).toHaveBeenCalledOnce()
  seen.mockRestore()
})

test('raw samples are fetched in a format that plays', () => {
  expect(audio.getAttribute('src')).toBe('/api/v1/generations/gen_1/audio?format=mp3')
})

test('the button plays, and says what it does next', async () => {
  await userEvent.click(screen.getByRole('button', { name: 'Play' }))
  expect(play).toHaveBeenCalledOnce()
  await report('playing')
  await userEvent.click(screen.getByRole('button', { name: 'Pause' }))
  expect(audio.pause).toHaveBeenCalledOnce()
  await report('pause')
  screen.getByRole('button', { name: 'Play' })
})

test('a place on the strip is a time, and keys go no further than the ends', () => {
  const position = screen.getByRole('slider', { name: 'Position' })
  fireEvent.change(position, { target: { value: '19500' } })
  expect(audio.currentTime).toBe(19.5)
  expect(position.getAttribute('aria-valuetext')).toBe('0:20 of 0:20')
  fireEvent.keyDown(position, { key: 'ArrowRight' })
  expect(audio.currentTime).toBe(20)
  fireEvent.change(position, { target: { value: '500' } })
  fireEvent.keyDown(position, { key: 'ArrowLeft' })
  expect(audio.currentTime).toBe(0)
})

test('audio that cannot be fetched says so, and is fetched again on demand', async () => {
  await report('error')
  expect(screen.getByRole('alert').textContent).toContain('The audio could not be fetched.')
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(audio.load).toHaveBeenCalledOnce()
  expect(play).toHaveBeenCalledOnce()
  expect(screen.queryByRole('alert')).toBeNull()
})
