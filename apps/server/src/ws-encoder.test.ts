import { share } from '@loqui/api/shared'
import { transformer } from '@loqui/api/transformer'
import { jsonEncoder } from '@trpc/server/adapters/ws'
import { expect, test } from 'vitest'
import { encoder } from './ws-encoder.ts'

/** As tRPC's adapter makes it of an event. */
const message = (id: unknown, data: object, more: object = {}) => ({
  id,
  ...more,
  result: { type: 'data', data: transformer.output.serialize({ id: '7', data }), id: '7' },
})

test.each([
  ['a number', 1],
  ['a text', 'one "two"'],
])('what is told to many is the same to the byte as what is told to one, under an id that is %s', (_what, id) => {
  const event = { id: '7', type: 'segment', error: { message: 'a “b” \u2028' }, list: [1, null] }
  const alone = jsonEncoder.encode(message(id, { ...event }))
  share(event)
  expect(encoder.encode(message(id, event))).toBe(alone)
})

test('what JSON has no word for is not shared', () => {
  const event = { id: '7', at: new Date(0) }
  share(event)
  expect(encoder.encode(message(1, event))).toBe(jsonEncoder.encode(message(1, { ...event })))
  expect(String(encoder.encode(message(1, event)))).toContain('"Date"')
})

test.each([
  ['an answer', { id: 1, result: { type: 'data', data: { json: 7 } } }],
  ['an error', { id: null, error: { json: { message: 'no' } } }],
  ['the start of a subscription', { id: 1, result: { type: 'started' } }],
  ['a notification', { id: null, method: 'reconnect' }],
])('%s is written as tRPC writes it', (_what, sent) => {
  expect(encoder.encode(sent)).toBe(jsonEncoder.encode(sent))
})
