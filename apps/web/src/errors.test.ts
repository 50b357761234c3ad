import { ConnectionError, InvalidInputError, LoquiError, QuotaExceededError, UnauthenticatedError } from '@loqui/sdk'
import { expect, test } from 'vitest'
import { fieldErrorsOf, isLoggedOut, isNotFound, sentenceOf } from './errors.ts'

test('a lost connection says what to do and that nothing is lost', () => {
  const error = new ConnectionError('Loqui cannot be reached: fetch failed.', { reason: 'connection_failed' })
  expect(sentenceOf(error)).toMatch(/^Loqui cannot be reached\. .* nothing you wrote is lost\.$/)
  expect(sentenceOf(new TypeError('Failed to fetch'))).toBe(sentenceOf(error))
})

test('one wrong field needs no name in a sentence of its own', () => {
  const issues = [{ field: 'text', message: 'there is nothing to speak.' }]
  const error = new InvalidInputError('text: there is nothing to speak.', { reason: 'text_empty', status: 400, issues })
  expect(sentenceOf(error)).toBe('There is nothing to speak.')
})

test('several wrong fields are each named', () => {
  const issues = [
    { field: 'settings.speed', message: 'too big' },
    { field: 'settings.pitch', message: 'too small' },
  ]
  const message = 'settings.speed: too big; settings.pitch: too small'
  const error = new InvalidInputError(message, { reason: 'invalid_input', status: 400, issues })
  expect(sentenceOf(error)).toBe('Settings.speed: too big; settings.pitch: too small.')
  expect(fieldErrorsOf(error)).toEqual({ 'settings.speed': 'Too big.', 'settings.pitch': 'Too small.' })
})

test('what the server says in a sentence is shown as it is', () => {
  const message = 'This text needs up to 40.0 s of audio, and 12.0 s are left in this period.'
  expect(sentenceOf(new QuotaExceededError(message, { reason: 'quota_exceeded', status: 429 }))).toBe(message)
})

test('a session that ended is told from a door that stays shut', () => {
  expect(isLoggedOut(new UnauthenticatedError('', { reason: 'session_expired', status: 401 }))).toBe(true)
  expect(isLoggedOut(new UnauthenticatedError('', { reason: 'wrong_credentials', status: 401 }))).toBe(false)
})

test('an id that is none leads as nowhere as one of nothing', () => {
  expect(isNotFound(new LoquiError('', { reason: 'generation_not_found', status: 404 }))).toBe(true)
  expect(isNotFound(new LoquiError('', { reason: 'invalid_input', status: 400 }))).toBe(true)
  expect(isNotFound(new LoquiError('', { reason: 'internal', status: 500 }))).toBe(false)
})
