// @vitest-environment happy-dom
import type { Generation } from '@loqui/sdk'
import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { Refused, renderPart } from '../testing.tsx'
import { NewTake, Takes } from './takes.tsx'

const generation = (own: Partial<Generation> = {}): Generation => ({
  id: 'gen_1',
  state: 'succeeded',
  title: null,
  text: 'Good morning.',
  excerpt: 'Good morning.',
  characters: 13,
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
  segments: { total: 1, done: 1, cached: 0 },
  estimatedMs: 4000,
  durationMs: 2_000,
  reservedMs: 8000,
  chargedMs: 2_000,
  cost: { predictedMicros: 0, actualMicros: 0 },
  error: null,
  createdAt: '2026-11-21T12:00:00Z',
  startedAt: '2026-11-21T12:00:01Z',
  finishedAt: '2026-11-21T12:00:02Z',
  ...own,
})

test('a new take is asked for and shown', async () => {
  const asked: unknown[] = []
  const { pathname } = await renderPart(<NewTake generation={generation()} />, {
    'generations.retake': (input) => {
      asked.push(input)
      return generation({ id: 'gen_2', state: 'queued', takeOf: 'gen_1' })
    },
  })
  await userEvent.click(screen.getByRole('button', { name: 'New take' }))
  await waitFor(() => expect(pathname()).toBe('/generations/gen_2'))
  expect(asked).toMatchObject([{ id: 'gen_1' }])
})

test('what failed is tried again, and what keeps it from that is no page', async () => {
  const { pathname } = await renderPart(<NewTake generation={generation({ state: 'failed' })} />, {
    'generations.retake': () => new Refused('quota_exceeded', 429, 'There is nothing left.'),
  })
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  await waitFor(() => expect(screen.getByRole('button', { name: 'Try again' })).toHaveProperty('disabled', false))
  expect(pathname()).toBe('/start')
})

test('what is still being spoken has no other take yet', async () => {
  await renderPart(<NewTake generation={generation({ state: 'running' })} />, {})
  expect(screen.queryByRole('button')).toBeNull()
})

test('all takes of a text are links, of which one is this page', async () => {
  await renderPart(<Takes generation={generation({ id: 'gen_2', takeOf: 'gen_1' })} />, {
    'generations.list': () => ({
      items: [generation({ id: 'gen_2', takeOf: 'gen_1', durationMs: 63_000 }), generation()],
      nextCursor: null,
    }),
  })
  const takes = within(await screen.findByRole('region', { name: 'Takes' }))
  const links = takes.getAllByRole('link')
  expect(links.map((link) => link.getAttribute('href'))).toEqual(['/generations/gen_2', '/generations/gen_1'])
  expect(links.map((link) => link.getAttribute('aria-current'))).toEqual(['page', null])
  expect(links[0]?.textContent).toContain('1:03')
})

test('an only take is not listed', async () => {
  await renderPart(<Takes generation={generation()} />, {
    'generations.list': () => ({ items: [generation()], nextCursor: null }),
  })
  expect(screen.queryByRole('region')).toBeNull()
})
