// @vitest-environment happy-dom
import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { Refused, renderPart } from '../testing.tsx'
import { presetVoice } from '../voices/testing.ts'
import { PronunciationsPage } from './pronunciations-page.tsx'

const sql = {
  id: 'pro_1',
  phrase: 'SQL',
  replacement: 'sequel',
  caseSensitive: true,
  language: 'en',
  voiceId: null,
  createdAt: '2026-11-27T00:00:00.000Z',
}

test('a word is added, listed and deleted', async () => {
  const items: object[] = []
  await renderPart(<PronunciationsPage />, {
    'pronunciations.list': () => ({ items: [...items], nextCursor: null }),
    'voices.list': () => ({ items: [], nextCursor: null }),
    'pronunciations.create': (input) => {
      expect(input).toMatchObject({ phrase: 'SQL', replacement: 'sequel' })
      items.push(sql)
      return sql
    },
    'pronunciations.delete': () => {
      items.pop()
      return null
    },
  })
  expect(await screen.findByText('No pronunciations')).toBeTruthy()
  const user = userEvent.setup()
  await user.type(screen.getByLabelText('Written'), 'SQL')
  await user.type(screen.getByLabelText('Said'), 'sequel')
  await user.click(screen.getByRole('button', { name: 'Add' }))
  expect(await screen.findByText('only in this case, where English is spoken')).toBeTruthy()
  await user.click(screen.getByRole('button', { name: 'Delete SQL' }))
  expect(await screen.findByText('No pronunciations')).toBeTruthy()
})

test('a word can be said so in one language, by one voice, and in this case only', async () => {
  const added: unknown[] = []
  await renderPart(<PronunciationsPage />, {
    'pronunciations.list': () => ({ items: [], nextCursor: null }),
    'voices.list': () => ({
      items: [presetVoice({ id: 'voi_1', name: 'Stella', language: 'en-GB' })],
      nextCursor: null,
    }),
    'pronunciations.create': (input) => {
      added.push(input)
      return sql
    },
  })
  const user = userEvent.setup()
  await user.click(screen.getByRole('combobox', { name: 'Language' }))
  await user.click(await screen.findByRole('option', { name: 'English' }))
  await user.click(screen.getByRole('combobox', { name: 'Voice' }))
  await user.click(await screen.findByRole('option', { name: 'Stella' }))
  await user.click(screen.getByRole('checkbox', { name: 'Only in this case' }))
  await user.type(screen.getByLabelText('Written'), 'SQL')
  await user.type(screen.getByLabelText('Said'), 'sequel')
  await user.click(screen.getByRole('button', { name: 'Add' }))
  // The next one is for everywhere again.
  await waitFor(() => expect(screen.getByLabelText('Written')).toHaveProperty('value', ''))
  expect(screen.getByRole('combobox', { name: 'Language' }).textContent).toContain('Every language')
  expect(screen.getByRole('combobox', { name: 'Voice' }).textContent).toContain('Every voice')
  expect(screen.queryByRole('checkbox', { checked: true })).toBeNull()
  expect(added).toEqual([
    { phrase: 'SQL', replacement: 'sequel', language: 'en', voiceId: 'voi_1', caseSensitive: true },
  ])
})

test('what is wrong is said at its field', async () => {
  const message = 'there is a pronunciation of this already, for the same case, language and voice.'
  await renderPart(<PronunciationsPage />, {
    'pronunciations.list': () => ({ items: [sql], nextCursor: null }),
    'voices.list': () => ({ items: [], nextCursor: null }),
    'pronunciations.create': () =>
      new Refused('pronunciation_exists', 409, `phrase: ${message}`, [{ field: 'phrase', message }]),
  })
  await userEvent.setup().click(await screen.findByRole('button', { name: 'Add' }))
  expect(await screen.findByText(new RegExp(message, 'i'))).toBeTruthy()
})
