import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { truncate } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { audioFormatInfo, audioFormats } from '@loqui/audio/format'
import { decodeAudio, mostSurplusMs } from '@loqui/audio/testing'
import { describe, expect, test } from 'vitest'
import { client, eventually, finished, startLoqui } from './testing.ts'

const loqui = await startLoqui()
const ada = await loqui.user()
const authorization = `Bearer ${ada.key}`
const api = client(loqui.url, ada)
const [voice] = (await api.voices.list.query()).items
const voiceId = String(voice?.id)

const make = async (input: { title?: string; format?: 'wav' | 'mp3' } = {}) => {
  const text = 'Alice was beginning to get very tired of sitting by her sister on the bank.'
  const { id } = await api.generations.create.mutate({ text, voiceId, format: 'wav', ...input })
  return finished(api, id)
}
const generation = await make()
const whole = Buffer.from(await (await download()).arrayBuffer())

function download(headers: Record<string, string> = {}, query = '', method = 'GET', id = generation.id) {
  return fetch(`${loqui.url}/api/v1/generations/${id}/audio${query}`, {
    method,
    headers: { authorization, ...headers },
  })
}
const bytes = async (response: Response) => Buffer.from(await response.arrayBuffer())

test('the whole is what the record says it is', async () => {
  const response = await download()
  const body = await bytes(response)
  const row = await loqui.db
    .selectFrom('generation')
    .selectAll()
    .where('id', '=', generation.id.replace('gen_', ''))
    .executeTakeFirstOrThrow()
  expect(response.status).toBe(200)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'content-disposition': `inline; filename="loqui-${row.id}.wav"`,
    'content-length': String(row.audio_bytes),
    'content-security-policy': "sandbox; default-src 'none'",
    'content-type': 'audio/wav',
    'cross-origin-resource-policy': 'same-origin',
    etag: `"${row.audio_sha256}"`,
    'last-modified': new Date(String(generation.finishedAt)).toUTCString(),
    'x-content-type-options': 'nosniff',
  })
  expect(body.length).toBe(row.audio_bytes)
  expect(createHash('sha256').update(body).digest('hex')).toBe(row.audio_sha256)
})

test.each([...audioFormats])('as %s it decodes to the length that was charged', async (format) => {
  const { contentType, usualSampleRate } = audioFormatInfo[format]
  const response = await download({}, `?format=${format}`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe(contentType(usualSampleRate))
  expect(response.headers.get('content-disposition')).toMatch(new RegExp(`\\.${format}"$`))
  const body = await response.bytes()
  expect(response.headers.get('content-length')).toBe(String(body.length))
  const { durationMs, samples } = await decodeAudio(body, format)
  expect(generation.durationMs).toBe(generation.chargedMs)
  expect(durationMs - Number(generation.durationMs)).toBeGreaterThan(-1)
  expect(durationMs - Number(generation.durationMs)).toBeLessThan(1 + mostSurplusMs(format))
  expect(samples.some((sample) => Math.abs(sample) > 1_000)).toBe(true)
})

test('many who ask for a format at once get the same bytes, made once', async () => {
  const { id } = await make()
  const bodies = await Promise.all(
    Array.from({ length: 10 }, async () => bytes(await download({}, '?format=opus', 'GET', id))),
  )
  expect(new Set(bodies.map((body) => body.toString('base64'))).size).toBe(1)
  const made = await Array.fromAsync(loqui.storage.list(`generations/${id.replace('gen_', '')}/renditions/`))
  expect(made).toHaveLength(1)
})

test('HEAD says what GET would, and sends nothing', async () => {
  for (const headers of [{}, { range: 'bytes=0-9' }, { range: `bytes=${whole.length}-` }]) {
    const response = await download(headers, '', 'HEAD')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe(String(whole.length))
    expect(response.headers.get('content-type')).toBe('audio/wav')
    expect((await bytes(response)).length).toBe(0)
  }
})

const last = whole.length - 1

test.each([
  ['the first bytes', 'bytes=0-99', 0, 99],
  ['one byte', 'bytes=0-0', 0, 0],
  ['the middle', 'bytes=1000-1999', 1000, 1999],
  ['an open end', 'bytes=1000-', 1000, last],
  ['the end', 'bytes=-500', last - 499, last],
  ['the last byte', `bytes=${last}-`, last, last],
  ['all of it', 'bytes=0-', 0, last],
  ['further than it goes', `bytes=${last - 9}-${last + 1_000}`, last - 9, last],
  ['more of the end than there is', 'bytes=-999999999', 0, last],
  ['large numbers', `bytes=5-${'9'.repeat(30)}`, 5, last],
])('%s of a range is answered with exactly that', async (_name, range, start, end) => {
  const response = await download({ range })
  expect(response.status).toBe(206)
  expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/${whole.length}`)
  expect(response.headers.get('content-length')).toBe(String(end - start + 1))
  expect((await bytes(response)).equals(whole.subarray(start, end + 1))).toBe(true)
})

test.each([`bytes=${whole.length}-`, 'bytes=99999999-999999999', 'bytes=-0'])(
  '%s lies behind the end',
  async (range) => {
    const response = await download({ range })
    expect(response.status).toBe(416)
    expect(response.headers.get('content-range')).toBe(`bytes */${whole.length}`)
    expect((await bytes(response)).length).toBe(0)
  },
)

test.each([
  ['several ranges', 'bytes=0-9,20-29'],
  ['another unit', 'seconds=0-1'],
  ['no numbers', 'bytes=a-b'],
  ['nothing', 'bytes='],
  ['a range backwards', 'bytes=9-0,-'],
  ['more ranges than anybody needs', `bytes=${'0-0,'.repeat(2_000)}0-0`],
])('%s is answered with the whole', async (_name, range) => {
  const response = await download({ range })
  expect(response.status).toBe(200)
  expect((await bytes(response)).equals(whole)).toBe(true)
})

test('who has it already is told so', async () => {
  const etag = String((await download({}, '', 'HEAD')).headers.get('etag'))
  for (const given of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const response = await download({ 'if-none-match': given })
    expect(response.status, given).toBe(304)
    expect((await bytes(response)).length).toBe(0)
    expect(response.headers.get('etag')).toBe(etag)
  }
  expect((await download({ 'if-none-match': '"other"' })).status).toBe(200)
})

test('a range of what has changed since is answered with the whole', async () => {
  const head = (await download({}, '', 'HEAD')).headers
  const range = 'bytes=10-19'
  for (const validator of ['etag', 'last-modified']) {
    expect((await download({ range, 'if-range': String(head.get(validator)) })).status, validator).toBe(206)
  }
  for (const given of ['"other"', `W/${head.get('etag')}`, 'Thu, 01 Jan 1970 00:00:00 GMT', '']) {
    const response = await download({ range, 'if-range': given })
    expect(response.status, given).toBe(200)
    expect((await bytes(response)).length).toBe(whole.length)
  }
})

test('what has changed since is not given to who wants to go on with what was there', async () => {
  const etag = String((await download()).headers.get('etag'))
  for (const given of [etag, '*', `"other", ${etag}`]) {
    expect((await download({ range: 'BYTES=10-19', 'if-match': given })).status, given).toBe(206)
  }
  for (const given of ['"other"', `W/${etag}`, '']) {
    const response = await download({ range: 'bytes=10-19', 'if-match': given })
    expect(response.status, given).toBe(412)
    expect((await bytes(response)).length).toBe(0)
  }
})

test.each([
  ['quotes "and" \\backslashes\\'],
  ['two\r\nSet-Cookie: stolen=1\r\n\r\n<script>'],
  ['Ada’s Überraschung 日本語 🎧'],
  ['../../etc/passwd'],
  ['..'],
  ['.hidden'],
  ['a'.repeat(200)],
  ['50% off; filename=evil.exe'],
  ["it's; filename*=UTF-8''evil.exe"],
  ['\u202egpj.exe'],
  ['tab\tand\u0007bell\u007f'],
])('the title %j makes a file name and nothing else', async (title) => {
  const { id } = await make({ title })
  const head = await rawHead(id)
  const lines = head.split('\r\n')
  expect(lines.filter((line) => /^set-cookie/i.test(line))).toEqual([])
  expect(lines.filter((line) => /^[^:]*script/i.test(line))).toEqual([])
  const disposition = String(lines.find((line) => /^content-disposition:/i.test(line)))
  // RFC 6266, with nothing but what it allows: a quoted fallback, and the real name percent-encoded.
  expect(disposition).toMatch(
    /^content-disposition: attachment; filename=("(?:[ !#-[\]-~\xa0-\xff]|\\["\\])+"|[\w!#$&+.^`|~-]+)(; filename\*=UTF-8''(?:[\w!#$&+.^`|~-]|%[0-9A-F]{2})+)?$/i,
  )
  const name = nameIn(disposition)
  expect(name).toMatch(/\.wav$/)
  expect(name).not.toMatch(/[/\p{Cc}\u202e]/u)
  expect(path.basename(name)).toBe(name)
})

/** The name a browser would save it under. */
function nameIn(disposition: string): string {
  const [, quoted, token, encoded] =
    /; filename=(?:"((?:[^"\\]|\\.)+)"|([^;"]+))(?:; filename\*=UTF-8''(\S+))?$/.exec(disposition) ?? []
  return encoded ? decodeURIComponent(encoded) : String(quoted?.replaceAll(/\\(.)/g, '$1') ?? token)
}

test('what is to be saved is an attachment, under its title', async () => {
  const { id } = await make({ title: 'A Mad Tea-Party' })
  const saved = await download({}, '?download=1&format=mp3', 'GET', id)
  expect(saved.headers.get('content-disposition')).toBe('attachment; filename="A Mad Tea-Party.mp3"')
  const played = await download({}, '?format=mp3', 'GET', id)
  expect(played.headers.get('content-disposition')).toBe('inline; filename="A Mad Tea-Party.mp3"')
})

/** The header bytes as they are on the wire: a client would have judged them already. */
async function rawHead(id: string): Promise<string> {
  const socket = connect(Number(new URL(loqui.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `HEAD /api/v1/generations/${id}/audio?download=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`,
  )
  return (await buffer(socket)).toString('latin1')
}

test.each([
  ['no credentials', {}, 401, 'unauthenticated'],
  ['what is no key at all', { authorization: 'Bearer junk' }, 401, 'api_key_malformed'],
  ['a mistyped key', { authorization: 'Bearer loqui_live_x' }, 401, 'api_key_malformed'],
  ['an ended session', { authorization: 'Bearer 4oqjzmf5rxqwhmmtz3xvgxs4jqhyd2zfl5dmjnn4' }, 401, 'session_expired'],
])('with %s there is a problem', async (_name, headers, status, reason) => {
  const response = await fetch(`${loqui.url}/api/v1/generations/${generation.id}/audio`, { headers })
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(await response.json()).toMatchObject({ status, reason, requestId: response.headers.get('x-request-id') })
})

test('somebody else’s is not there', async () => {
  const { key } = await loqui.user()
  const response = await download({ authorization: `Bearer ${key}` })
  expect(response.status).toBe(404)
  expect((await response.json()).reason).toBe('generation_not_found')
})

test('a key without the scope may not hear', async () => {
  const { key } = await loqui.user({ scopes: ['generations:write'] })
  const response = await download({ authorization: `Bearer ${key}` })
  expect(response.status).toBe(403)
  expect((await response.json()).reason).toBe('scope_missing')
})

test.each([
  ['?format=ogg', 'format'],
  ['?format=', 'format'],
  ['?format=mp3&format=wav', 'format'],
  ['?format=__proto__', 'format'],
  ['?sampleRate=', 'sampleRate'],
  ['?sampleRate=24000&sampleRate=8000', 'sampleRate'],
  ['?sampleRate=24001', 'sampleRate'],
  ['?format=opus&sampleRate=44100', 'sampleRate'],
  ['?bitRate=64', 'bitRate'],
  ['?format=mp3&bitRate=64000', 'bitRate'],
  ['?format=mp3&bitRate=1e2', 'bitRate'],
  ['?loudness=0', 'loudness'],
  ['?loudness=loud', 'loudness'],
])('%s is refused by the name of the field', async (query, field) => {
  const response = await download({}, query)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ reason: 'invalid_input', issues: [{ field }] })
})

test('an id that is none is refused by the name of the field', async () => {
  const response = await download({}, '', 'GET', 'gen_1')
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ reason: 'invalid_input', issues: [{ field: 'id' }] })
})

test('what is deleted is gone', async () => {
  const { id } = await make()
  await api.generations.delete.mutate({ id })
  expect((await download({}, '', 'GET', id)).status).toBe(404)
})

test('an object that is lost is our fault, and says nothing of where it was', async () => {
  const { id } = await make()
  const keys = await Array.fromAsync(loqui.storage.list(`generations/${id.replace('gen_', '')}/`), ({ key }) => key)
  await loqui.storage.remove(keys)
  const response = await download({}, '', 'GET', id)
  expect(response.status).toBe(500)
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  for (const header of ['etag', 'accept-ranges', 'content-range', 'content-disposition', 'last-modified']) {
    expect(response.headers.get(header), header).toBeNull()
  }
  expect(await response.text()).not.toMatch(/generations\/|There is no such object/)
  await loqui.expectTrouble(/There is no such object/)
})

test('an object that is cut short ends the connection: nobody takes a part for the whole', async () => {
  const { id } = await make()
  const key = await keyOf(id)
  await truncate(path.join(loqui.audioDirectory, key), 1_000)
  const response = await download({}, '', 'GET', id)
  await expect(response.arrayBuffer()).rejects.toThrow()
  await loqui.expectTrouble(/a download broke off/)
})

async function keyOf(id: string): Promise<string> {
  const row = await loqui.db
    .selectFrom('generation')
    .select('audio_key')
    .where('id', '=', id.replace('gen_', ''))
    .executeTakeFirstOrThrow()
  return String(row.audio_key)
}

test('a listener who leaves in the middle is no trouble', async () => {
  const leaving = new AbortController()
  const response = await fetch(`${loqui.url}/api/v1/generations/${generation.id}/audio`, {
    headers: { authorization },
    signal: leaving.signal,
  })
  await response.body?.getReader().read()
  leaving.abort()
  expect((await download()).status).toBe(200)
})

describe('while it is being made', { timeout: 60_000 }, () => {
  const chapter =
    'Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do. '

  test('it is heard as it comes, by session, key and link, and is what the file will be', async () => {
    const { id } = await api.generations.create.mutate({ text: chapter.repeat(20), voiceId, format: 'wav' })
    const { url } = await api.generations.link.mutate({ id, format: 'wav' })
    const [byKey, byLink] = await Promise.all([download({}, '', 'GET', id), fetch(url)])
    for (const [response, policy] of [
      [byKey, 'same-origin'],
      [byLink, 'cross-origin'],
    ] as const) {
      expect(response.status).toBe(200)
      expect(response.headers.get('content-length')).toBeNull()
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'accept-ranges': 'none',
        'cache-control': 'no-store',
        'content-type': 'audio/wav',
        'cross-origin-resource-policy': policy,
      })
    }
    const [heard, linked] = await Promise.all([bytes(byKey), bytes(byLink)])
    const { durationMs, sampleRate } = await finished(api, id)
    const file = await bytes(await download({}, '', 'GET', id))
    const bytesPerMs = (2 * sampleRate) / 1_000
    expect(linked.equals(heard)).toBe(true)
    // Behind the header, and before what the file says of itself.
    expect(Math.abs(heard.length - 44 - Number(durationMs) * bytesPerMs)).toBeLessThan(bytesPerMs)
    expect(heard.subarray(44).equals(file.subarray(44, heard.length))).toBe(true)
    expect((await download({ range: 'bytes=0-9' }, '', 'GET', id)).status).toBe(206)
  })

  test('ranges are answered from the beginning, and HEAD with what GET would be', async () => {
    const { id } = await api.generations.create.mutate({ text: chapter.repeat(20), voiceId, format: 'mp3' })
    const response = await download({ range: 'bytes=1000-' }, '', 'GET', id)
    expect(response.status).toBe(200)
    expect(new TextDecoder().decode((await response.body?.getReader().read())?.value?.subarray(0, 3))).toBe('ID3')
    const head = await download({}, '?format=opus', 'HEAD', id)
    expect(head.status).toBe(200)
    expect(head.headers.get('content-type')).toBe('audio/ogg; codecs=opus')
    await api.generations.cancel.mutate({ id })
  })

  test('it breaks off when it is canceled, or the key is revoked: nobody takes a part for the whole', async () => {
    const keyed = await loqui.user()
    const own = client(loqui.url, keyed)
    const hear = async (key: string, id: string) => {
      const response = await fetch(`${loqui.url}/api/v1/generations/${id}/audio`, {
        headers: { authorization: `Bearer ${key}` },
      })
      expect(response.status).toBe(200)
      return response.arrayBuffer()
    }
    const text = chapter.repeat(45)
    const { id } = await api.generations.create.mutate({ text, voiceId })
    const { id: other } = await own.generations.create.mutate({ text, voiceId })
    const [mine, theirs] = [hear(ada.key, id), hear(keyed.key, other)]
    const broken = [expect(mine).rejects.toThrow(TypeError), expect(theirs).rejects.toThrow(TypeError)]
    await eventually(async () => (await api.generations.get.query({ id })).segments.done, 40_000).toBeGreaterThan(0)
    await eventually(
      async () => (await own.generations.get.query({ id: other })).segments.done,
      40_000,
    ).toBeGreaterThan(0)
    await api.generations.cancel.mutate({ id })
    await own.keys.revoke.mutate({ id: keyed.keyId })
    await Promise.all(broken)
    const refused = await download({}, '', 'GET', id)
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({
      reason: 'audio_not_ready',
      detail: expect.stringContaining('canceled'),
    })
  })

  test('who wants a whole file is told that there is none yet', async () => {
    for (const worker of [...loqui.workers]) await worker.end('SIGTERM')
    const { id } = await api.generations.create.mutate({ text: 'Not yet.', voiceId })
    const response = await download({}, '?complete=1', 'GET', id)
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({
      reason: 'audio_not_ready',
      detail: expect.stringContaining('queued'),
    })
    const asked = await download({}, '?complete=maybe', 'GET', id)
    expect(asked.status).toBe(400)
    await api.generations.cancel.mutate({ id })
  })
})
