// @vitest-environment happy-dom
import type { Voice } from '@loqui/sdk'
import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { renderPart } from '../testing.tsx'
import { presetVoice } from './testing.ts'
import { VoiceList } from './voice-list.tsx'
import { obstacles } from './voices.ts'

const stella = presetVoice({ name: 'Stella', description: 'Calm.' })
const note = 'Preview: it follows the pitch and pace of the samples, not the voice itself.'
const mine = presetVoice({ name: 'Mine', kind: 'cloned', fidelity: 'preview', description: `Like me. ${note}` })
const silent = presetVoice({
  name: 'Silent',
  kind: 'cloned',
  available: false,
  unavailable: 'consent_revoked',
  previewUrl: null,
})

async function show(...items: Voice[]) {
  const chosen: string[] = []
  await renderPart(<VoiceList value={undefined} onChange={({ id }) => chosen.push(id)} />, {
    'voices.list': () => ({ items, nextCursor: null }),
  })
  await screen.findByRole('radio', { name: items[0]?.name ?? '' })
  return chosen
}

test('voices of one’s own come first, and a preview is marked and says what it is', async () => {
  await show(stella, mine)
  const options = screen.getAllByRole('radio')
  expect(options.map((option) => option.getAttribute('aria-label'))).toEqual(['Mine', 'Stella'])
  const [first, second] = options.map((option) => option.textContent)
  expect(first).toContain('Preview')
  expect(first).toContain('Yours · Female')
  expect(first).toContain(note)
  expect(second).not.toContain('Preview')
})

test('a voice that cannot speak says why and cannot be chosen', async () => {
  const chosen = await show(stella, silent)
  const option = screen.getByRole('radio', { name: 'Silent' })
  expect(option.getAttribute('aria-disabled')).toBe('true')
  expect(option.textContent).toContain(obstacles.consent_revoked)
  await userEvent.click(option)
  await userEvent.click(screen.getByRole('radio', { name: 'Stella' }))
  expect(chosen).toEqual([stella.id])
})

test('a voice can be heard without being chosen, where there is something to hear', async () => {
  const chosen = await show(stella, silent)
  expect(screen.queryByRole('button', { name: 'Hear Silent' })).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: 'Hear Stella' }))
  await userEvent.click(await screen.findByRole('button', { name: 'Stop Stella' }))
  expect(screen.queryByRole('button', { name: 'Hear Stella' })).not.toBeNull()
  expect(chosen).toEqual([])
})
