import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { signWebhook, verifyWebhook, WebhookError } from '../src/webhooks.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const now = Date.parse('2026-11-27T12:00:00Z')
const sent = new Date(now)
const event = {
  type: 'generation.succeeded',
  timestamp: '2026-11-27T12:00:00Z',
  data: { id: 'gen_1', text: 'Grüße 👋' },
}
const body = JSON.stringify(event)

/** Signed by the standard's own library. */
const headersOf = (given = body, by = secret, at = sent) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(at.getTime() / 1_000),
  'webhook-signature': new Webhook(by).sign('msg_1', at, given),
})

const reasonOf = (verifying: Promise<unknown>) =>
  verifying.then(
    () => 'it was believed',
    (error: unknown) => (error instanceof WebhookError ? error.reason : error),
  )

test('what the library of the standard signed is believed, however it comes', async () => {
  const headers = headersOf()
  const bytes = new TextEncoder().encode(body)
  for (const webhook of [
    new Request('http://localhost', { method: 'POST', body, headers }),
    { body, headers },
    { body: bytes, headers: new Headers(headers) },
    { body: bytes.buffer, headers: { ...headers, 'x-more': ['a', 'b'] } },
  ]) {
    expect(await verifyWebhook(webhook, secret, { now })).toEqual({ id: 'msg_1', event })
  }
})

test('what is signed here is believed by the library of the standard', async () => {
  const property = fc.asyncProperty(
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ minLength: 1 }),
    async (text, key) => {
      const own = `whsec_${Buffer.from(key).toString('base64')}`
      const given = JSON.stringify({ text })
      const headers = await signWebhook({ id: 'msg_2', body: given }, own)
      expect(new Webhook(own).verify(given, { ...headers })).toEqual({ text })
    },
  )
  await fc.assert(property, { numRuns: 50 })
})

test('while a secret is being changed either holds, on both ends', async () => {
  const both = `v1a,b3RoZXI= ${headersOf(body, other)['webhook-signature']} ${headersOf()['webhook-signature']}`
  const headers = { ...headersOf(), 'webhook-signature': both }
  for (const secrets of [secret, other, [other, secret]]) {
    expect((await verifyWebhook({ body, headers }, secrets, { now })).id).toBe('msg_1')
  }
  expect((await verifyWebhook({ body, headers: headersOf() }, [other, secret], { now })).id).toBe('msg_1')
  expect(await reasonOf(verifyWebhook({ body, headers: headersOf() }, [other], { now }))).toBe('signature_wrong')
})

test('any change of body, id, time or signature is noticed', async () => {
  const change = fc.record({
    what: fc.constantFrom('body', 'webhook-id', 'webhook-signature' as const),
    at: fc.nat(),
    to: fc.constantFrom(...'abcXYZ019+/ {}"'),
  })
  const property = fc.asyncProperty(change, async ({ what, at, to }) => {
    const headers = headersOf()
    const before = what === 'body' ? body : headers[what as keyof typeof headers]
    const place = at % before.length
    const after = before.slice(0, place) + to + before.slice(place + 1)
    // The last digit of base64 holds bits that mean nothing.
    if (after === before || (what === 'webhook-signature' && place >= before.length - 2)) return
    const changed = what === 'body' ? { body: after, headers } : { body, headers: { ...headers, [what]: after } }
    expect(await reasonOf(verifyWebhook(changed, secret, { now }))).toBe('signature_wrong')
  })
  await fc.assert(property, { numRuns: 200 })
  const later = { ...headersOf(), 'webhook-timestamp': String(now / 1_000 + 1) }
  expect(await reasonOf(verifyWebhook({ body, headers: later }, secret, { now }))).toBe('signature_wrong')
})

test.each([
  [-301, 'timestamp_too_old'],
  [-300, 'it was believed'],
  [300, 'it was believed'],
  [301, 'timestamp_too_new'],
])('one of %i s from now: %s', async (seconds, expected) => {
  const headers = headersOf(body, secret, new Date(now + seconds * 1_000))
  expect(await reasonOf(verifyWebhook({ body, headers }, secret, { now }))).toBe(expected)
  if (expected !== 'it was believed') {
    expect((await verifyWebhook({ body, headers }, secret, { now, toleranceSeconds: 600 })).id).toBe('msg_1')
  }
})

test.each([
  ['header_missing', { 'webhook-id': undefined }],
  ['header_missing', { 'webhook-signature': '' }],
  ['header_missing', { 'webhook-timestamp': ['1', '2'] }],
  ['timestamp_malformed', { 'webhook-timestamp': 'soon' }],
  ['timestamp_malformed', { 'webhook-timestamp': '1e9' }],
  ['signature_wrong', { 'webhook-signature': 'v1,' }],
  ['signature_wrong', { 'webhook-signature': 'v1,not base64' }],
  ['signature_wrong', { 'webhook-signature': 'v2,AAAA' }],
])('%s where a header is %o', async (reason, header) => {
  const headers = { ...headersOf(), ...header }
  expect(await reasonOf(verifyWebhook({ body, headers }, secret, { now }))).toBe(reason)
})

test('what was signed and is not JSON is said to be so', async () => {
  expect(await reasonOf(verifyWebhook({ body: 'x=1', headers: headersOf('x=1') }, secret, { now }))).toBe(
    'body_malformed',
  )
})

test('what the caller does wrong is no webhook’s fault', async () => {
  const request = new Request('http://localhost', { method: 'POST', body, headers: headersOf() })
  await request.text()
  await expect(verifyWebhook(request, secret, { now })).rejects.toThrow('was read already')
  for (const wrong of ['', 'whsec_', 'whsec_%']) {
    await expect(verifyWebhook({ body, headers: headersOf() }, wrong, { now })).rejects.toThrow(TypeError)
    await expect(signWebhook({ id: 'msg_1', body }, wrong)).rejects.toThrow('whsec_')
  }
})
