// @vitest-environment happy-dom
import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderPart } from '../testing.tsx'
import { FlawedSegments } from './flawed-segments.tsx'

const generation = { id: 'gen_1', text: 'All is well. This is not.' }

test('shows what did not come out well, and why', async () => {
  await renderPart(<FlawedSegments generation={generation} />, {
    'generations.segments': () => ({
      items: [{ index: 1, startOffset: 13, endOffset: 25, flaws: ['clipped', 'too_short'] }],
      nextCursor: null,
    }),
  })
  expect(await screen.findByText('This is not.')).toBeTruthy()
  expect(screen.getByText('Distorted: too loud for its range · Shorter than its text')).toBeTruthy()
})
