import { ConnectionError, type Generation, QuotaExceededError } from '@loqui/sdk'
import { expect, test } from 'vitest'
import { presetVoice } from '../voices/testing.ts'
import { type Draft, emptyDraft } from './draft.ts'
import { createSender, toInput } from './send.ts'

const voice = presetVoice({ name: 'One', id: 'voi_1' })
const input = toInput({ ...emptyDraft, text: 'Hello' }, voice)
const lost = new ConnectionError('lost', { reason: 'connection_failed' })
const refused = new QuotaExceededError('too much', { reason: 'quota_exceeded', status: 429 })

/** Sends through a server that answers as told, one answer after the other, and notes the keys it saw. */
function sendThrough(answers: (Error | 'ok')[]) {
  const keys: (string | undefined)[] = []
  const send = createSender(async (_, { idempotencyKey } = {}) => {
    keys.push(idempotencyKey)
    const answer = answers[keys.length - 1]
    if (answer !== 'ok') throw answer
    return { id: 'gen_1' } as Generation
  })
  return { keys, send }
}

test('what got no answer is sent again under the same key', async () => {
  const { keys, send } = sendThrough([lost, 'ok'])
  await expect(send(input)).rejects.toBe(lost)
  await send(input)
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
  expect(keys[1]).toBe(keys[0])
})

test('the same text spoken again after an answer is a new request', async () => {
  const { keys, send } = sendThrough(['ok', refused, 'ok'])
  await send(input)
  await expect(send(input)).rejects.toBe(refused)
  await send(input)
  expect(new Set(keys).size).toBe(3)
})

test('another text after a lost answer is a new request', async () => {
  const { keys, send } = sendThrough([lost, 'ok'])
  await expect(send(input)).rejects.toBe(lost)
  await send({ ...input, text: 'Hello!' })
  expect(keys[1]).not.toBe(keys[0])
})

test('a fallback is asked for where it can be one of the voice that speaks', () => {
  const far = presetVoice({ name: 'Far', engine: 'chatterbox' })
  const fallbackOf = (fallback: Draft['fallback'], settings = {}) =>
    toInput({ ...emptyDraft, text: 'Hello', fallback, settings }, far).fallbackVoiceId
  expect(fallbackOf(null)).toBeUndefined()
  expect(fallbackOf('wait')).toBeNull()
  expect(fallbackOf(voice)).toBe('voi_1')
  expect(fallbackOf(far)).toBeUndefined()
  expect(fallbackOf({ ...voice, language: 'de' })).toBeUndefined()
  expect(fallbackOf({ ...voice, language: 'und' })).toBe('voi_1')
  expect(fallbackOf({ ...voice, language: 'de' }, { language: 'de' })).toBe('voi_1')
})

test('a draft asks for nothing that it leaves as it is', () => {
  expect(input).toEqual({ text: 'Hello', voiceId: 'voi_1', format: 'mp3', settings: {}, title: null })
  expect(toInput({ ...emptyDraft, text: 'Hi', title: '  One ', speed: 1.2, pitch: -3 }, voice)).toMatchObject({
    settings: { speed: 1.2, pitch: -3 },
    title: 'One',
  })
})
