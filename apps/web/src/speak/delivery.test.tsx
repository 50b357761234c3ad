// @vitest-environment happy-dom
import type { Voice } from '@loqui/sdk'
import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, test } from 'vitest'
import { renderPart } from '../testing.tsx'
import { presetVoice } from '../voices/testing.ts'
import { Delivery } from './delivery.tsx'
import { type Draft, emptyDraft } from './draft.ts'

const near = presetVoice({ name: 'Near' })
const far = presetVoice({ name: 'Far', engine: 'chatterbox' })
const german = presetVoice({ name: 'Greta', language: 'de-DE' })
const silent = presetVoice({ name: 'Silent', available: false, unavailable: 'engine_not_configured' })

/** The controls, over a draft that they change. */
function Held({ voice, given, onDraft }: { voice: Voice; given: Draft; onDraft: (draft: Draft) => void }) {
  const [draft, setDraft] = useState(given)
  const change = (more: Partial<Draft>) => {
    const next = { ...draft, ...more }
    setDraft(next)
    onDraft(next)
  }
  return <Delivery draft={draft} voice={voice} onChange={change} />
}

/** Shows them for one voice among all there are, and gives the draft as they leave it. */
async function show(voice: Voice, given = emptyDraft) {
  let draft = given
  await renderPart(
    <Held
      voice={voice}
      given={given}
      onDraft={(next) => {
        draft = next
      }}
    />,
    { 'voices.list': () => ({ items: [near, far, german, silent], nextCursor: null }) },
  )
  return () => draft
}

test('numbers and abbreviations are written out where that is wished', async () => {
  const draft = await show(near)
  await userEvent.click(screen.getByRole('checkbox', { name: 'Write out numbers and abbreviations' }))
  expect(draft().normalize).toBe(true)
})

test('a fallback is a voice of another engine in the same language that can speak', async () => {
  const draft = await show(far)
  const select = await screen.findByRole('combobox', { name: 'If its engine fails' })
  expect(select.textContent).toContain('Wait for it')
  await userEvent.click(select)
  expect((await screen.findAllByRole('option')).map(({ textContent }) => textContent)).toEqual([
    'Wait for it',
    expect.stringContaining('Near'),
  ])
  await userEvent.click(screen.getByRole('option', { name: /Near/ }))
  expect(draft().fallback).toEqual({ id: near.id, engine: 'offline', language: 'en-US' })
  await userEvent.click(select)
  await userEvent.click(await screen.findByRole('option', { name: 'Wait for it' }))
  expect(draft().fallback).toBe('wait')
})

test('the fallback that a voice has of its own is shown', async () => {
  await show({ ...far, fallbackVoiceId: near.id })
  expect((await screen.findByRole('combobox', { name: 'If its engine fails' })).textContent).toContain('Near')
})

test('what was chosen for another voice gives way to the voice’s own', async () => {
  await show({ ...far, fallbackVoiceId: near.id }, { ...emptyDraft, fallback: far })
  expect((await screen.findByRole('combobox', { name: 'If its engine fails' })).textContent).toContain('Near')
})

test('an engine that is built in has nothing to fall back from', async () => {
  await show(near)
  await screen.findByRole('checkbox')
  expect(screen.queryByRole('combobox', { name: 'If its engine fails' })).toBeNull()
})
