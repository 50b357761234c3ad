import { signWebhook } from '@loqui/fake-replicate/webhooks'
import { expect, test } from 'vitest'
import { readWebhook } from './webhook.ts'

const secret = `whsec_${Buffer.from('a key of twenty-four byte').toString('base64')}`
const now = Date.parse('2026-11-26T12:00:00Z')
const body = '{"id":"abc123","status":"succeeded"}'
const message = (headers = signWebhook('msg_1', now, body, secret), sent = body) => ({
  headers,
  body: Buffer.from(sent),
})
const answer = { id: 'msg_1', callId: 'abc123' }

test('takes what was signed with the secret within five minutes', () => {
  expect(readWebhook(message(), secret, now)).toEqual(answer)
  expect(readWebhook(message(), secret, now + 299_000)).toEqual(answer)
  expect(readWebhook(message(), secret, now - 299_000)).toEqual(answer)
})

test('refuses what is older or from the future, though it is signed', () => {
  expect(readWebhook(message(), secret, now + 301_000)).toBeNull()
  expect(readWebhook(message(), secret, now - 301_000)).toBeNull()
})

test('takes any of several signatures', () => {
  const headers = message().headers
  const both = { ...headers, 'webhook-signature': `v1,AAAA v1a,${'A'.repeat(44)} ${headers['webhook-signature']}` }
  expect(readWebhook(message(both), secret, now)).toEqual(answer)
})

test.each<[string, Record<string, string | string[] | undefined>, string?]>([
  ['another key', signWebhook('msg_1', now, body, `whsec_${Buffer.from('another').toString('base64')}`)],
  ['another body', signWebhook('msg_1', now, body, secret), `${body} `],
  ['another id', { ...signWebhook('msg_1', now, body, secret), 'webhook-id': 'msg_2' }],
  ['another time', { ...signWebhook('msg_1', now, body, secret), 'webhook-timestamp': String(now / 1000 + 1) }],
  ['a time that is none', { ...signWebhook('msg_1', now, body, secret), 'webhook-timestamp': '1e9' }],
  ['no signature', { ...signWebhook('msg_1', now, body, secret), 'webhook-signature': undefined }],
  ['an empty signature', { ...signWebhook('msg_1', now, body, secret), 'webhook-signature': 'v1,' }],
  ['two times', { ...signWebhook('msg_1', now, body, secret), 'webhook-timestamp': [String(now / 1000), '0'] }],
  ['nothing', {}],
])('refuses %s', (_, headers, sent) => {
  expect(readWebhook({ headers, body: Buffer.from(sent ?? body) }, secret, now)).toBeNull()
})

test.each(['[]', 'null', '{"id":5}', 'no JSON'])('refuses %s, though it is signed', (sent) => {
  expect(readWebhook(message(signWebhook('msg_1', now, sent, secret), sent), secret, now)).toBeNull()
})
