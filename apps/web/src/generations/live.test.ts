import type { GenerationEvent, GenerationSummary } from '@loqui/sdk'
import { expect, test } from 'vitest'
import { advance } from './live.ts'

const known: GenerationSummary = {
  id: 'gen_1',
  state: 'running',
  title: null,
  excerpt: 'Hello',
  characters: 5,
  voiceId: 'voi_1',
  engine: 'offline',
  fallbackVoiceId: null,
  fellBackFrom: null,
  format: 'mp3',
  sampleRate: 24_000,
  bitRate: 64,
  loudness: null,
  settings: {},
  seed: null,
  normalize: false,
  takeOf: null,
  waitsFor: null,
  segments: { total: 4, done: 2, cached: 0 },
  estimatedMs: 4000,
  durationMs: null,
  reservedMs: 8000,
  chargedMs: null,
  cost: { predictedMicros: 0, actualMicros: 0 },
  error: null,
  createdAt: '2026-11-21T12:00:00Z',
  startedAt: '2026-11-21T12:00:01Z',
  finishedAt: null,
}

const event = (change: Partial<GenerationEvent>): GenerationEvent => ({
  id: '7',
  type: 'segment',
  generationId: 'gen_1',
  state: 'running',
  waitsFor: null,
  segments: { total: 4, done: 3, cached: 0 },
  segment: { index: 2, durationMs: 800 },
  durationMs: null,
  chargedMs: null,
  error: null,
  createdAt: '2026-11-21T12:00:02Z',
  ...change,
})

test('an event moves a generation on', () => {
  expect(advance(known, event({})).segments.done).toBe(3)
})

test('an event that is told again changes nothing', () => {
  expect(advance(known, event({ type: 'queued', state: 'queued', segments: { total: 4, done: 0, cached: 0 } }))).toBe(
    known,
  )
  expect(advance(known, event({ segments: { total: 4, done: 1, cached: 0 } }))).toBe(known)
})

test('a wait for the engine begins with its event, and ends with the next segment', () => {
  const waiting = advance(
    known,
    event({ type: 'waiting', waitsFor: 'engine_degraded', segments: { total: 4, done: 2, cached: 0 }, segment: null }),
  )
  expect(waiting.waitsFor).toBe('engine_degraded')
  expect(advance(waiting, event({})).waitsFor).toBeNull()
})

test('what has ended never runs again', () => {
  const done = { ...known, state: 'succeeded' as const, segments: { total: 4, done: 4, cached: 0 } }
  expect(advance(done, event({ segments: { total: 4, done: 4, cached: 0 } }))).toBe(done)
})

test('an end brings its length, charge and error', () => {
  const error = { reason: 'engine_failed' as const, message: 'The engine failed.' }
  expect(advance(known, event({ type: 'failed', state: 'failed', chargedMs: 0, error, segment: null }))).toMatchObject({
    state: 'failed',
    chargedMs: 0,
    error,
  })
})
