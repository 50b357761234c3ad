import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { AppRouter } from '@loqui/api/router'
import { createTRPCClient, createWSClient, httpBatchLink, wsLink } from '@trpc/client'
import { sql } from 'kysely'
import { parseList } from 'structured-headers'
import superjson from 'superjson'
import { afterAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { client, eventually, finished, refusal, startLoqui, type TestUser } from './testing.ts'

const loqui = await startLoqui()

/** A user of a plan with so many requests a minute. */
async function userOf(perMinute: number): Promise<TestUser> {
  const id = `a${perMinute}`
  const plan = { name: id, seconds_per_month: 600, requests_per_minute: perMinute, concurrency: 1 }
  await loqui.db
    .insertInto('plan')
    .values({ id, ...plan, storage_bytes: 1e9, max_characters: 1_000 })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return loqui.user({ planId: id })
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Sent {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  /** Where it is sent from: all of 127.0.0.0/8 is this machine. */
  readonly from?: string
}

const agent = new Agent({ keepAlive: true, timeout: 10_000 })
afterAll(() => agent.destroy())

async function ask(path: string, { body, from, ...sent }: Sent = {}, url = loqui.url): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { ...sent, ...(from !== undefined && { localAddress: from }), agent }
    request(`${url}${path}`, options, resolve).once('error', reject).end(body)
  })
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

const by = (credential: TestUser | string) => ({
  authorization: `Bearer ${typeof credential === 'string' ? credential : credential.key}`,
})
const me = (credential: TestUser | string, sent: Sent = {}, url = loqui.url) =>
  ask('/trpc/auth.me', { ...sent, headers: { ...by(credential), ...sent.headers } }, url)

/** What is said of limits, by policy; fails on what is no structured field. */
function limitsOf({ headers }: Pick<Answer, 'headers'>) {
  const read = (field: string) =>
    parseList(String(headers[field])).map(([name, parameters]) => {
      expect(name).toBeTypeOf('string')
      return [String(name), Object.fromEntries(parameters)] as const
    })
  const policies = read('ratelimit-policy')
  const states = Object.fromEntries(read('ratelimit'))
  expect(Object.keys(states)).toEqual(policies.map(([name]) => name))
  return Object.fromEntries(policies.map(([name, policy]) => [name, { ...policy, ...states[name] }]))
}

/** A server of a test's own takes seconds to start where many tests run. */
const slow = 60_000

const reasonOf = ({ body }: Answer) => /"reason":"(\w+)"/.exec(body)?.[1]

/** When the next request of each of the user's allowances is on time: all that is counted. */
async function counted(): Promise<Record<string, number>> {
  const rows = await loqui.db.selectFrom('rate').selectAll().execute()
  return Object.fromEntries(rows.map(({ key, tat }) => [key, tat.getTime()]))
}
const rowId = (id: string) => id.slice(id.indexOf('_') + 1)

describe('every answer', () => {
  test('says what is left, less with each call, and when there is more; a refusal says nothing else', async () => {
    const user = await userOf(10)
    const answers: Answer[] = []
    for (let call = 0; call < 13; call++) answers.push(await me(user))
    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(200), 429, 429, 429])
    const limits = answers.map((answer) => limitsOf(answer))
    expect(limits.map(({ requests }) => requests?.r)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0])
    for (const [index, { requests }] of limits.entries()) {
      expect(requests).toEqual({ q: 10, w: 60, r: expect.any(Number), t: expect.any(Number) })
      // A request comes back every six seconds.
      expect(requests?.t).toBeGreaterThanOrEqual(1)
      expect(requests?.t).toBeLessThanOrEqual(6)
      expect(answers[index]?.headers['retry-after']).toBe(index < 10 ? undefined : String(requests?.t))
    }
    const { error } = JSON.parse(answers[12]?.body ?? '')
    expect(error.json).toMatchObject({
      message: expect.stringMatching(/^This account may make 10 requests a minute\. Try again in \d s\.$/),
      data: { reason: 'rate_limited', httpStatus: 429, retryAfterSeconds: limits[12]?.requests?.t },
    })
  })

  test('to a batch counts each of its calls and says the least that is left', async () => {
    const user = await userOf(10)
    const input = encodeURIComponent('{}')
    const few = await ask(`/trpc/${Array(4).fill('auth.me').join()}?batch=1&input=${input}`, { headers: by(user) })
    expect(limitsOf(few).requests).toMatchObject({ r: 6 })
    const many = await ask(`/trpc/${Array(9).fill('auth.me').join()}?batch=1&input=${input}`, { headers: by(user) })
    expect(many.status).toBe(207)
    expect(many.body.match(/"reason":"rate_limited"/g)).toHaveLength(3)
    expect(limitsOf(many).requests).toMatchObject({ r: 0 })
    expect(Number(many.headers['retry-after'])).toBe(limitsOf(many).requests?.t)
  })

  test('by way of tRPC’s own adapter is no different', async () => {
    const user = await userOf(10)
    // Both are more than the light handler takes upon itself.
    const plain = () => ask('/trpc/auth.me?connectionParams=null', { headers: by(user) })
    const stream = () => ask('/trpc/generations.watch', { headers: { ...by(user), accept: 'text/event-stream' } })
    expect(limitsOf(await plain()).requests).toMatchObject({ q: 10, r: 9 })
    expect(limitsOf(await stream()).requests).toMatchObject({ q: 10, r: 8 })
    await Promise.all(Array.from({ length: 8 }, () => me(user)))
    const refused = await plain()
    expect([refused.status, reasonOf(refused)]).toEqual([429, 'rate_limited'])
    expect(limitsOf(refused).requests).toMatchObject({ r: 0 })
    expect(refused.headers['retry-after']).toBe(String(limitsOf(refused).requests?.t))
    // A stream has begun when the refusal is written into it.
    const ended = await stream()
    expect([reasonOf(ended), limitsOf(ended).requests]).toMatchObject(['rate_limited', { r: 0 }])
    expect(ended.body).toMatch(/"retryAfterSeconds":[1-9]/)
  })

  test('to a download, too, which is refused as a problem', async () => {
    const user = await userOf(10)
    const path = `/api/v1/generations/gen_${rowId(user.id)}/audio`
    const missing = await ask(path, { headers: by(user) })
    expect([missing.status, limitsOf(missing).requests]).toMatchObject([404, { r: 9 }])
    await Promise.all(Array.from({ length: 9 }, () => me(user)))
    const refused = await ask(path, { headers: by(user) })
    expect(refused.status).toBe(429)
    expect(refused.headers['content-type']).toContain('application/problem+json')
    expect(JSON.parse(refused.body)).toMatchObject({ status: 429, reason: 'rate_limited' })
    expect(limitsOf(refused).requests).toMatchObject({ q: 10, w: 60, r: 0 })
    expect(refused.headers['retry-after']).toBe(String(limitsOf(refused).requests?.t))
  })

  test('to who has used up the plan’s audio tells that from too many requests', async () => {
    const user = await userOf(600)
    const { items } = await client(loqui.url, user).voices.list.query()
    const create = (text: string) =>
      ask('/trpc/generations.create', {
        method: 'POST',
        headers: { ...by(user), 'content-type': 'application/json' },
        body: JSON.stringify({ json: { text, voiceId: items[0]?.id, settings: { speed: 0.25 } } }),
      })
    let answer = await create('word '.repeat(190))
    for (let more = 0; more < 20 && answer.status === 200; more++) answer = await create('word '.repeat(190))
    expect([answer.status, reasonOf(answer)]).toEqual([429, 'quota_exceeded'])
    const { requests, audio } = limitsOf(answer)
    expect(requests).toMatchObject({ q: 600, w: 60 })
    expect(audio).toMatchObject({ q: 600, qu: 'audio-seconds' })
    expect(Number(audio?.r)).toBeLessThan(600)
    expect(Number(audio?.w) / 86_400).toBeGreaterThanOrEqual(28)
    expect(Number(audio?.t)).toBeLessThanOrEqual(Number(audio?.w))
    expect(answer.headers['retry-after']).toBe(String(audio?.t))
  })
})

describe('what counts', () => {
  test('a call over a socket, as over HTTP', async () => {
    const user = await userOf(10)
    const socket = createWSClient({
      url: `${loqui.url.replace('http', 'ws')}/trpc`,
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
      connectionParams: () => ({ token: user.key }),
    })
    try {
      const api = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket, transformer: superjson })] })
      for (let call = 0; call < 10; call++) await api.auth.me.query()
      await expect(api.auth.me.query()).rejects.toMatchObject({
        data: { reason: 'rate_limited', httpStatus: 429, retryAfterSeconds: expect.any(Number) },
      })
      expect((await me(user)).status).toBe(429)
    } finally {
      await socket.close()
    }
  })

  test('a subscription, once, however often its access is looked at again', async () => {
    const user = await userOf(10)
    const { secret } = await client(loqui.url, user).keys.create.mutate({ name: 'other', scopes: ['keys:write'] })
    const socket = createWSClient({
      url: `${loqui.url.replace('http', 'ws')}/trpc`,
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
      connectionParams: () => ({ token: user.key }),
    })
    const api = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket, transformer: superjson })] })
    try {
      const started = Promise.withResolvers<void>()
      const ended = Promise.withResolvers<unknown>()
      api.events.subscribe({}, { onStarted: () => started.resolve(), onError: ended.resolve })
      await started.promise
      const allowance = `user:${rowId(user.id)}`
      const before = (await counted())[allowance]
      // Each makes every subscription of the user look again, and the last one finds that it may not go on.
      const unused = (
        await client(loqui.url, by(secret)).keys.create.mutate({ name: 'unused', scopes: ['keys:write'] })
      ).key
      for (const id of [unused.id, unused.id, unused.id, user.keyId]) {
        await client(loqui.url, by(secret)).keys.revoke.mutate({ id })
      }
      expect(await ended.promise).toMatchObject({ data: { reason: 'api_key_revoked' } })
      // Five calls, of six seconds each.
      expect((await counted())[allowance]).toBe(Number(before) + 5 * 6_000)
    } finally {
      await socket.close()
    }
  })

  test('a request once, though who sends it is looked up before its large body is read', async () => {
    const user = await userOf(10)
    const body = JSON.stringify({ json: { text: 'x'.repeat(100_000), voiceId: 'none' } })
    const headers = { ...by(user), 'content-type': 'application/json' }
    for (const left of [9, 8]) {
      const answer = await ask('/trpc/generations.create', { method: 'POST', headers, body })
      expect([reasonOf(answer), limitsOf(answer).requests]).toMatchObject(['voice_not_found', { r: left }])
    }
  })

  test('every request that is looked up: who makes no call is not, however large the body', async () => {
    // Credentials that do not hold are told what is left to their address, once they were looked up.
    const headers = { ...by('loqui_live_nobody'), 'content-type': 'application/json' }
    const body = JSON.stringify({ json: 'x'.repeat(100_000) })
    const known = await ask('/trpc/generations.create', { method: 'POST', headers, body })
    expect(limitsOf(known)).toHaveProperty('address-requests')
    const calledByNobody = ['no.such', 'toString', '', 'no.such,no.other?batch=1', 'auth.me,auth.logout?batch=1']
    for (const path of calledByNobody) {
      const answered = await ask(`/trpc/${path}`, { method: 'POST', headers, body })
      expect([path, answered.status < 500, answered.headers.ratelimit]).toEqual([path, true, undefined])
    }
  })

  test('a session and all keys of a user together', async () => {
    const user = await userOf(10)
    const { token } = await client(loqui.url).auth.login.mutate({ email: user.email, password: user.password })
    const answers = []
    for (let call = 0; call < 5; call++) answers.push(await me(user), await me(String(token)))
    expect(answers.map((answer) => limitsOf(answer).requests?.r)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    expect([(await me(user)).status, (await me(String(token))).status]).toEqual([429, 429])
  })

  test('nothing of who knows a key but for its secret', async () => {
    const user = await userOf(10)
    const last = user.key.slice(0, 34)
    const wrong = (await loqui.user()).key.slice(34)
    const before = await counted()
    for (let guess = 0; guess < 15; guess++) {
      expect(reasonOf(await me(`${last}${wrong}`, { from: '127.0.9.1' }))).toMatch(/^api_key_(malformed|invalid)$/)
    }
    expect(await counted()).toEqual(before)
    expect(limitsOf(await me(user)).requests).toMatchObject({ r: 9 })
  })

  test('nothing with a key that does not hold any more', async () => {
    const user = await userOf(10)
    await client(loqui.url, user).keys.revoke.mutate({ id: user.keyId })
    const before = await counted()
    expect(reasonOf(await me(user))).toBe('api_key_revoked')
    expect(await counted()).toEqual(before)
  })
})

describe('a key with a limit of its own', () => {
  const withKey = async (perMinute: number, requestsPerMinute: number) => {
    const user = await userOf(perMinute)
    const { secret, key } = await client(loqui.url, user).keys.create.mutate({ name: 'narrow', requestsPerMinute })
    return { user, secret, userKey: `user:${rowId(user.id)}`, keyKey: `key:${rowId(key.id)}` }
  }

  test('is held to it, and what it is refused takes nothing from its user', async () => {
    const { user, secret, userKey } = await withKey(20, 3)
    const answers = []
    for (let call = 0; call < 3; call++) answers.push(limitsOf(await me(secret)))
    expect(answers.map((limits) => [limits['key-requests']?.r, limits.requests?.r])).toEqual([
      [2, 18],
      [1, 17],
      [0, 16],
    ])
    const before = (await counted())[userKey]
    const refused = await me(secret)
    expect(refused.status).toBe(429)
    expect(refused.body).toContain('This API key may make 3 requests a minute.')
    expect(limitsOf(refused)).toEqual({ 'key-requests': { q: 3, w: 60, r: 0, t: expect.any(Number) } })
    expect((await counted())[userKey]).toBe(before)
    expect((await me(user)).status).toBe(200)
  })

  test('is held to its user’s as well, and what that refuses takes nothing from the key', async () => {
    const { user, secret, keyKey } = await withKey(4, 6)
    expect((await me(secret)).status).toBe(200)
    for (let call = 0; call < 2; call++) expect((await me(user)).status).toBe(200)
    const before = (await counted())[keyKey]
    const refused = await Promise.all(Array.from({ length: 5 }, () => me(secret)))
    expect(refused.map(({ status }) => status)).toEqual(Array(5).fill(429))
    expect(Object.keys(limitsOf(refused[0] as Answer))).toEqual(['requests'])
    expect((await counted())[keyKey]).toBe(before)
  })
})

test('a change of plan acts on the next call', async () => {
  const user = await userOf(2)
  const admin = client(loqui.url, await loqui.user({ role: 'admin' }))
  expect([(await me(user)).status, (await me(user)).status, (await me(user)).status]).toEqual([200, 200, 429])
  await admin.admin.users.update.mutate({ id: user.id, planId: 'unlimited' })
  expect(limitsOf(await me(user)).requests).toMatchObject({ q: 60_000 })
})

test('a server whose clock is an hour ahead counts no other hour', { timeout: 60_000 }, async () => {
  const ahead = 'const now = Date.now; Date.now = () => now() + 3_600_000'
  const other = await loqui.startServer({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(ahead)}` })
  const user = await userOf(10)
  const statuses = []
  for (let call = 0; call < 12; call++) statuses.push((await me(user, {}, call % 2 ? other.url : loqui.url)).status)
  expect(statuses).toEqual([...Array(10).fill(200), 429, 429])
  await other.end('SIGTERM')
})

describe('renditions that somebody waits for', () => {
  const lease = (user: TestUser, expires: string) =>
    sql`insert into lease (id, user_id, expires_at)
      values (gen_random_uuid(), ${rowId(user.id)}, now() + ${expires}::interval)`.execute(loqui.db)

  test('are no more at a time than the plan allows', async () => {
    const user = await userOf(600)
    const api = client(loqui.url, user)
    const { items } = await api.voices.list.query()
    const { id } = await api.generations.create.mutate({ text: 'Hello.', voiceId: String(items[0]?.id), format: 'wav' })
    await finished(api, id)
    const audio = (format: string) => ask(`/api/v1/generations/${id}/audio?format=${format}`, { headers: by(user) })

    await lease(user, '20 seconds')
    const refused = await audio('flac')
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
    expect(JSON.parse(refused.body)).toMatchObject({ reason: 'concurrency_limited' })
    expect(limitsOf(refused)).toMatchObject({
      requests: { q: 600, w: 60 },
      concurrency: { q: 1, qu: 'concurrent-requests', r: 0, t: 1 },
    })
    expect((await audio('wav')).status).toBe(200)

    await sql`update lease set expires_at = now()`.execute(loqui.db)
    expect((await audio('flac')).status).toBe(200)
    expect(await loqui.db.selectFrom('lease').selectAll().execute()).toEqual([])
    // What is there already needs no place.
    await lease(user, '20 seconds')
    expect((await audio('flac')).status).toBe(200)
    expect((await audio('opus')).status).toBe(429)
    await sql`delete from lease`.execute(loqui.db)
  })

  test(
    'whose server is killed free their place within half a minute',
    async () => {
      const user = await userOf(600)
      const api = client(loqui.url, user)
      const { items } = await api.voices.list.query()
      const text = 'This sentence is one of many, so that it takes a while to encode them. '.repeat(13)
      const { id } = await api.generations.create.mutate({ text, voiceId: String(items[0]?.id), format: 'wav' })
      await finished(api, id)
      const audio = (url: string, format: string) =>
        ask(`/api/v1/generations/${id}/audio?format=${format}`, { headers: by(user) }, url)
      const held = async () => (await loqui.db.selectFrom('lease').select('expires_at').execute())[0]

      const doomed = await loqui.startServer()
      let lease: { expires_at: Date } | undefined
      for (const format of ['opus', 'flac', 'mp3']) {
        let ended = false
        const making = audio(doomed.url, format).then(
          () => (ended = true),
          () => (ended = true),
        )
        while (!lease && !ended) lease = await held()
        if (lease) await doomed.end('SIGKILL')
        await making
        lease = await held()
        if (lease) break
      }
      const now = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(loqui.db)
      const leftMs = Number(lease?.expires_at) - Number(now.rows[0]?.now)
      expect(leftMs).toBeGreaterThan(0)
      expect(leftMs).toBeLessThanOrEqual(30_000)
      expect(reasonOf(await audio(loqui.url, 'pcm'))).toBe('concurrency_limited')
      // Time goes by.
      await sql`update lease set expires_at = expires_at - interval '30 seconds'`.execute(loqui.db)
      expect((await audio(loqui.url, 'pcm')).status).toBe(200)
    },
    slow,
  )
})

describe('an address without credentials that hold', () => {
  const junk = (url: string, from: string, headers: Record<string, string> = {}) => me('junk', { from, headers }, url)

  /** Calls until one is refused; answers that, and how many there were. */
  async function exhaust(url: string, from: string, headers: Record<string, string> = {}) {
    const batch = `/trpc/${Array(20).fill('auth.me').join()}?batch=1&input=${encodeURIComponent('{}')}`
    for (let calls = 20; ; calls += 20) {
      const answer = await ask(batch, { from, headers: { ...by('junk'), ...headers } }, url)
      if (answer.body.includes('"rate_limited"')) return { answer, calls }
    }
  }

  test(
    'is told so when it has tried too many, while others and those known from before go on',
    async () => {
      const { url, end } = await loqui.startServer()
      const [known, stranger, here] = [await loqui.user(), await loqui.user(), '127.0.1.1']
      expect((await me(known, { from: here }, url)).status).toBe(200)
      const first = await junk(url, here)
      expect([first.status, limitsOf(first)]).toEqual([
        401,
        { 'address-requests': { q: 600, w: 60, r: 599, t: expect.any(Number) } },
      ])
      const { answer, calls } = await exhaust(url, here)
      expect(calls).toBeGreaterThanOrEqual(600)
      expect(limitsOf(answer)).toEqual({ 'address-requests': { q: 600, w: 60, r: 0, t: 1 } })
      expect(answer.headers['retry-after']).toBe('1')

      for (let call = 0; call < 30; call++) expect((await me(known, { from: here }, url)).status).toBe(200)
      expect((await me(stranger, { from: '127.0.1.2' }, url)).status).toBe(200)
      expect((await ask('/live', { from: here }, url)).status).toBe(200)
      // Ten a second are looked at again, so that nobody is shut out for long.
      await eventually(async () => (await junk(url, here)).status).toBe(401)
      await end('SIGTERM')
    },
    slow,
  )

  test(
    'is not served for credentials that hold either, unless somebody has been here with them before',
    async () => {
      const { url, end } = await loqui.startServer()
      const [here, user] = ['127.0.6.1', await loqui.user()]
      const { email, password } = user
      await exhaust(url, here)
      // Calls in nobody's name are refused at once, and credentials without asking the database.
      const batch = await ask(
        `/trpc/${Array(20).fill('plans.list').join()}?batch=1&input=${encodeURIComponent('{}')}`,
        { from: here },
        url,
      )
      expect(batch.body).toContain('"rate_limited"')
      const { token } = await client(url).auth.login.mutate({ email, password })
      const calls = `/trpc/${Array(20).fill('auth.me').join()}?batch=1&input=${encodeURIComponent('{}')}`
      const asking = () => ask(calls, { from: here, headers: by(String(token)) }, url)
      const refused = async () => (await asking()).body.includes('"rate_limited"')
      await exhaust(url, here)
      expect(await refused()).toBe(true)
      expect((await me(String(token), {}, url)).status).toBe(200)
      expect(await refused()).toBe(false)
      await end('SIGTERM')
    },
    slow,
  )

  test(
    'cannot pass for others by a header, but for a proxy of ours',
    async () => {
      const [plain, behind] = [await loqui.startServer(), await loqui.startServer({ TRUSTED_PROXIES: '127.0.2.9' })]
      const forged = { 'x-forwarded-for': '198.51.100.7' }
      for (const { url } of [plain, behind]) {
        await exhaust(url, '127.0.2.1')
        expect((await exhaust(url, '127.0.2.1', forged)).calls).toBeLessThan(600)
      }
      const left = async (header: string) =>
        limitsOf(await junk(behind.url, '127.0.2.9', { 'x-forwarded-for': header }))['address-requests']?.r
      expect(await left('198.51.100.7')).toBe(599)
      expect(await left('198.51.100.8')).toBe(599)
      expect(await left('2001:db8:1:2::1')).toBe(599)
      // Each of these is one of those above, seen from here, or the proxy itself: no allowance begins anew.
      await exhaust(behind.url, '127.0.2.9', forged)
      expect(
        (await exhaust(behind.url, '127.0.2.9', { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' })).calls,
      ).toBeLessThan(600)
      await exhaust(behind.url, '127.0.2.9', { 'x-forwarded-for': '2001:db8:1:2::1' })
      expect((await exhaust(behind.url, '127.0.2.9', { 'x-forwarded-for': '2001:db8:1:2:ff::9' })).calls).toBeLessThan(
        600,
      )
      await exhaust(behind.url, '127.0.2.9')
      expect((await exhaust(behind.url, '127.0.2.9', { 'x-forwarded-for': 'nonsense' })).calls).toBeLessThan(600)
      await Promise.all([plain.end('SIGTERM'), behind.end('SIGTERM')])
    },
    slow,
  )

  test(
    'is counted over sockets, too',
    async () => {
      const { url, end } = await loqui.startServer({ TRUSTED_PROXIES: 'loopback' })
      const headers = { 'x-forwarded-for': '198.51.100.20' }
      await exhaust(url, '127.0.0.1', headers)
      const ws = new WebSocket(`${url.replace('http', 'ws')}/trpc`, { headers })
      const refused = new Promise<number>((resolve, reject) => {
        let id = 0
        const send = () =>
          ws.send(JSON.stringify({ id: ++id, method: 'query', params: { path: 'auth.me', input: { json: null } } }))
        ws.on('error', reject)
        ws.on('open', () => {
          for (let call = 0; call < 20; call++) send()
        })
        ws.on('message', (data) => (String(data).includes('"rate_limited"') ? resolve(id) : send()))
      })
      expect(await refused).toBeLessThan(600)
      ws.terminate()
      await end('SIGTERM')
    },
    slow,
  )
})

describe('logging in', () => {
  /** Twenty at a time, each of which is counted before any password is looked at. */
  const logins = async (emails: readonly string[], from: string) => {
    const body = Object.fromEntries(emails.map((email, index) => [index, { json: { email, password: 'a guess' } }]))
    const answer = await ask(`/trpc/${Array(emails.length).fill('auth.login').join()}?batch=1`, {
      method: 'POST',
      from,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { ...answer, reasons: [...answer.body.matchAll(/"reason":"(\w+)"/g)].map(([, reason]) => reason) }
  }
  const refusals = (answers: readonly { reasons: readonly unknown[] }[]) =>
    answers.flatMap(({ reasons }) => reasons).filter((reason) => reason === 'rate_limited')

  test('may be tried thirty times a minute for one e-mail address from one place', async () => {
    const { email, password } = await loqui.user()
    const [guesser, owner] = ['127.0.3.1', '127.0.3.2']
    const spellings = Array.from({ length: 20 }, (_, guess) => (guess % 2 ? email.toUpperCase() : ` ${email} `))
    const start = performance.now()
    const answers = await Promise.all([logins(spellings, guesser), logins(spellings, guesser)])
    // One comes back every two seconds.
    const back = Math.ceil((performance.now() - start) / 2_000)
    expect(refusals(answers).length).toBeLessThanOrEqual(10)
    expect(refusals(answers).length).toBeGreaterThanOrEqual(10 - back)
    const told = answers.find(({ reasons }) => reasons.includes('rate_limited'))
    expect(limitsOf(told as Answer)).toMatchObject({ logins: { q: 30, w: 60, r: 0, t: 2 } })
    expect(told?.headers['retry-after']).toBe('2')
    expect(refusals([await logins(['somebody.else@example.com'], guesser)])).toEqual([])
    // Whose account it is comes from elsewhere, and is not shut out.
    expect(limitsOf(await logins([email], owner)).logins).toMatchObject({ r: 29 })
    await client(loqui.url).auth.login.mutate({ email, password })
  })

  test('may be tried a hundred and twenty times a minute from one place', async () => {
    const here = '127.0.4.1'
    const start = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 7 }, (_, batch) =>
        logins(
          Array.from({ length: 20 }, (_, index) => `stranger-${batch}-${index}@example.com`),
          here,
        ),
      ),
    )
    const back = Math.ceil((performance.now() - start) / 500)
    expect(refusals(answers).length).toBeLessThanOrEqual(20)
    expect(refusals(answers).length).toBeGreaterThanOrEqual(20 - back)
    const told = answers.find(({ reasons }) => reasons.includes('rate_limited'))
    if (told) expect(limitsOf(told)).toMatchObject({ 'address-logins': { q: 120, w: 60, r: 0, t: 1 } })
  })

  test('counts registering, and nothing that is none', async () => {
    const register = (email: string) =>
      ask('/trpc/auth.register', {
        method: 'POST',
        from: '127.0.5.1',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ json: { email, password: 'long enough' } }),
      })
    expect(reasonOf(await register('nonsense'))).toBe('invalid_input')
    const { logins: left, 'address-logins': leftHere } = limitsOf(await register('first@example.com'))
    expect([left, leftHere]).toMatchObject([{ r: 29 }, { r: 119 }])
    expect(limitsOf(await register('second@example.com')).logins).toMatchObject({ r: 29 })
  })
})

test('while nobody can count in the database, users go on at a quarter of their limit and nobody may log in', async () => {
  const user = await userOf(40)
  expect(limitsOf(await me(user)).requests).toMatchObject({ q: 40, r: 39 })
  const locked = Promise.withResolvers<void>()
  const unlock = Promise.withResolvers<void>()
  const holding = loqui.owner.transaction().execute(async (trx) => {
    await sql`lock table rate in access exclusive mode`.execute(trx)
    locked.resolve()
    await unlock.promise
  })
  await locked.promise
  const start = performance.now()
  const answers: Answer[] = []
  for (let call = 0; call < 20; call++) answers.push(await me(user))
  const seconds = (performance.now() - start) / 1_000
  expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(200), ...Array(10).fill(429)])
  expect(limitsOf(answers[0] as Answer).requests).toMatchObject({ q: 10, r: 9 })
  expect(limitsOf(answers[19] as Answer).requests).toMatchObject({ q: 10, r: 0 })
  // Each second one call waits 200 ms to find out whether it still is so; twenty that waited would take four seconds.
  expect(seconds).toBeLessThan(3)

  const { email, password } = user
  const entries = [
    () => client(loqui.url).auth.login.mutate({ email, password }),
    () => client(loqui.url).auth.register.mutate({ email: 'late@example.com', password: 'long enough' }),
  ]
  for (const enter of entries) {
    expect(await refusal(enter())).toMatchObject({ reason: 'service_unavailable', status: 503 })
    await loqui.expectTrouble(/a call failed/)
  }
  unlock.resolve()
  await holding
  await eventually(async () => limitsOf(await me(user)).requests?.q).toBe(40)
  await client(loqui.url).auth.login.mutate({ email, password })
})

test('a batch over HTTP of the client counts as it is sent', async () => {
  const user = await userOf(10)
  const api = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url: `${loqui.url}/trpc`, transformer: superjson, headers: by(user) })],
  })
  const results = await Promise.allSettled(Array.from({ length: 14 }, () => api.auth.me.query()))
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused).toHaveLength(4)
  for (const { reason } of refused) expect(reason.data).toMatchObject({ reason: 'rate_limited', httpStatus: 429 })
})
