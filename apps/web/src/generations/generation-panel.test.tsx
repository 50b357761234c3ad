// @vitest-environment happy-dom
import type { Generation } from '@loqui/sdk'
import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderPart } from '../testing.tsx'
import { GenerationPanel } from './generation-panel.tsx'

const failed = (own: Partial<Generation> = {}): Generation => ({
  id: 'gen_1',
  state: 'failed',
  title: null,
  text: 'Good morning. Good night.',
  excerpt: 'Good morning. Good night.',
  characters: 25,
  voiceId: 'voi_1',
  engine: 'replicate',
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
  segments: { total: 2, done: 1, cached: 0 },
  estimatedMs: 4000,
  durationMs: null,
  reservedMs: 8000,
  chargedMs: 0,
  cost: { predictedMicros: 0, actualMicros: 0 },
  error: { reason: 'engine_failed', message: 'The engine could not speak this text.' },
  createdAt: '2026-11-21T12:00:00Z',
  startedAt: '2026-11-21T12:00:01Z',
  finishedAt: new Date().toISOString(),
  ...own,
})

const show = (generation: Generation) =>
  renderPart(<GenerationPanel generation={generation} lengths={new Map()} isConnected />, {})

test('what failed says that what was spoken is not paid for again', async () => {
  await show(failed())
  expect(screen.getByText('The engine could not speak this text.')).toBeTruthy()
  expect(screen.getByText(/is kept for a day: .* only the rest is asked of the engine and paid/)).toBeTruthy()
})

test.for([
  ['nothing was spoken', { segments: { total: 2, done: 0, cached: 0 } }],
  ['it is long ago', { finishedAt: '2026-01-01T12:00:00Z' }],
  ['there was no room left for it', { error: { reason: 'storage_full', message: 'There is no room left.' } }],
] as const)('it does not where %s', async ([, own]) => {
  await show(failed(own))
  expect(screen.queryByText(/kept for a day/)).toBeNull()
})
