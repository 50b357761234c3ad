import { expect, test } from 'vitest'
import { client, finished, startLoqui } from './testing.ts'

const loqui = await startLoqui()
const [ada, bob] = [await loqui.user(), await loqui.user()]
const api = client(loqui.url, ada)
const text = 'Good morning, Ada. How are you?'
const { id: made } = await api.generations.create.mutate({ text, voiceId: 'stella' })
const { durationMs } = await finished(api, made)

const get = (format: string, { query = '', id = made, key = ada.key } = {}) =>
  fetch(`${loqui.url}/api/v1/generations/${id}/captions.${format}${query}`, {
    headers: { authorization: `Bearer ${key}` },
  })

test.each([
  ['srt', 'application/x-subrip; charset=utf-8', /^1\r?\n00:00:00,\d{3} --> 00:00:0\d,\d{3}\r?\nGood morning/],
  ['vtt', 'text/vtt; charset=utf-8', /^WEBVTT\r?\n[\s\S]*00:00:00\.\d{3} --> 00:00:0\d\.\d{3}[^\n]*\r?\nGood morning/],
  ['json', 'application/json; charset=utf-8', /^\{"generationId":"gen_/],
])('%s comes as what it is, under a name of its own', async (format, type, content) => {
  const response = await get(format)
  expect(response.status).toBe(200)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'cache-control': 'private, no-cache',
    'content-disposition': `inline; filename="loqui-${made.replace('gen_', '')}.${format}"`,
    'content-type': type,
    'x-content-type-options': 'nosniff',
  })
  expect(await response.text()).toMatch(content)
  const saved = await get(format, { query: '?download=1' })
  expect(saved.headers.get('content-disposition')).toMatch(/^attachment; filename=/)
  await saved.body?.cancel()
})

test('JSON has every segment within the audio, and every word within its segment', async () => {
  const captions = await (await get('json')).json()
  expect(captions).toMatchObject({ generationId: made, durationMs })
  let from = 0
  for (const { startMs, endMs, words } of captions.segments) {
    expect(startMs).toBeGreaterThanOrEqual(from)
    for (const word of words) {
      expect(word.estimated).toBe(true)
      expect(word.startMs).toBeGreaterThanOrEqual(startMs)
      expect(word.endMs).toBeLessThanOrEqual(endMs)
    }
    from = endMs
  }
  expect(from).toBe(durationMs)
})

test.each([
  ['a format there is not', 400, 'invalid_input', () => get('ass')],
  ['an id that is none', 400, 'invalid_input', () => get('srt', { id: 'nonsense' })],
  ['somebody else’s', 404, 'generation_not_found', () => get('srt', { key: bob.key })],
  ['no credentials', 401, 'unauthenticated', () => fetch(`${loqui.url}/api/v1/generations/${made}/captions.srt`)],
] as const)('%s is refused', async (_what, status, reason, ask) => {
  const response = await ask()
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect({ status: response.status, reason: (await response.json()).reason }).toEqual({ status, reason })
})

test('a key without the scope may not read them', async () => {
  const { key } = await loqui.user({ scopes: ['voices:read'] })
  expect((await get('srt', { key })).status).toBe(403)
})

test('before it is spoken there are none', async () => {
  const { id } = await api.generations.create.mutate({ text: text.repeat(100), voiceId: 'stella' })
  const response = await get('srt', { id })
  expect({ status: response.status, reason: (await response.json()).reason }).toEqual({
    status: 409,
    reason: 'audio_not_ready',
  })
  await api.generations.cancel.mutate({ id })
})
