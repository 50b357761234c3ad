// @vitest-environment happy-dom
import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { Refused, renderPart } from '../testing.tsx'
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
  expect(await screen.findByText('only in this case, where en is spoken')).toBeTruthy()
  await user.click(screen.getByRole('button', { name: 'Delete SQL' }))
  expect(await screen.findByText('No pronunciations')).toBeTruthy()
})

test('what is wrong is said at its field', async () => {
  const message = 'there is a pronunciation of this already, for the same case, language and voice.'
  await renderPart(<PronunciationsPage />, {
    'pronunciations.list': () => ({ items: [sql], nextCursor: null }),
    'pronunciations.create': () =>
      new Refused('pronunciation_exists', 409, `phrase: ${message}`, [{ field: 'phrase', message }]),
  })
  await userEvent.setup().click(await screen.findByRole('button', { name: 'Add' }))
  expect(await screen.findByText(new RegExp(message, 'i'))).toBeTruthy()
})
