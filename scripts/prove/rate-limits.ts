import assert from 'node:assert/strict'
import { Agent, type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { upsertPlan } from '@loqui/core/plans/upsert'
import type { Db } from '@loqui/db/client'
import type { LoquiProcesses, TestUser } from '@loqui/server/testing-loqui'

export interface RateLimitOptions {
  /** Requests a minute. */
  readonly limits: readonly number[]
  /** Requests sent, over the limit. */
  readonly loads: readonly number[]
  /** Servers that the requests go to in turn. */
  readonly processes: readonly number[]
  /** How long, after a first minute's worth at once. A load of 10 needs more than 7 to come to its limit, one of 2 more than 60. */
  readonly seconds: number
}

/** The bar of design: what `npm run prove` tries. */
export const wholeMatrix: RateLimitOptions = {
  limits: [10, 100, 1000],
  loads: [0.9, 1, 2, 10],
  processes: [1, 2, 4],
  seconds: 70,
}

/** What became of the requests of one user. */
export interface RateLimitCell {
  readonly perMinute: number
  readonly load: number
  readonly processes: number
  readonly sent: number
  readonly accepted: number
  /** What theory says of an allowance that begins full: fewer than 0.95 of it, or more than it and one, is a violation. */
  readonly theory: number
  /** The most that were accepted within any minute; twice the limit is allowed. */
  readonly mostInAMinute: number
  /** Empty when all is well. */
  readonly violations: readonly string[]
}

/** One request: when it was sent, when it was answered, in milliseconds, and whether it was let in. */
interface Call {
  readonly sentAt: number
  readonly answeredAt: number
  readonly accepted: boolean
}

/**
 * Tries how exactly users are held to their limits: sends each of them a minute's worth at once and then a load at an even
 * pace, to several servers in turn. Users of as many servers are tried side by side.
 *
 * @param ground with at least as many servers as the most of `options.processes`.
 * @throws AssertionError when an answer is neither an acceptance nor a well-formed refusal.
 */
export async function proveRateLimits(
  { db, loqui }: { readonly db: Db; readonly loqui: Pick<LoquiProcesses, 'user' | 'servers'> },
  { limits, loads, processes, seconds }: RateLimitOptions,
): Promise<RateLimitCell[]> {
  for (const perMinute of limits) await upsertPlan({ db, actor: { kind: 'system' } }, planOf(perMinute))
  const cells: RateLimitCell[] = []
  for (const count of processes) {
    const urls = loqui.servers.slice(0, count).map(({ url }) => url)
    assert.equal(urls.length, count, 'enough servers run')
    const running = limits.flatMap((perMinute) =>
      loads.map(async (load) => {
        const user = await loqui.user({ planId: planOf(perMinute).id })
        return { perMinute, load, processes: count, calls: await run(urls, user, perMinute, load, seconds) }
      }),
    )
    // Judged when none is running: it would hold the others up.
    cells.push(...(await Promise.all(running)).map(judge))
  }
  return cells
}

const planOf = (perMinute: number) => ({
  id: `rate-${perMinute}`,
  name: `${perMinute} a minute`,
  secondsPerMonth: 600,
  requestsPerMinute: perMinute,
  concurrency: 1,
  storageBytes: 1_000_000,
  maxCharacters: 1_000,
})

async function run(urls: readonly string[], user: TestUser, perMinute: number, load: number, seconds: number) {
  // The server closes connections that nobody uses, which must not be just when one is used again.
  const agent = new Agent({ keepAlive: true, maxSockets: 16, timeout: 30_000 })
  const calls: Promise<Call>[] = []
  const send = () => calls.push(call(agent, `${urls[calls.length % urls.length]}/trpc/auth.me`, user.key))
  try {
    for (let count = 0; count < perMinute; count++) send()
    await Promise.all(calls)
    const start = performance.now()
    const pause = 60_000 / (perMinute * load)
    for (let next = start + pause; next <= start + seconds * 1_000; next += pause) {
      await sleep(Math.max(0, next - performance.now()))
      send()
    }
    return await Promise.all(calls)
  } finally {
    agent.destroy()
  }
}

async function call(agent: Agent, url: string, key: string): Promise<Call> {
  const sentAt = performance.now()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { agent, headers: { authorization: `Bearer ${key}` } }, resolve)
      .once('error', reject)
      .end()
  })
  const answeredAt = performance.now()
  const { statusCode, headers } = response
  const body = (await buffer(response)).toString()
  if (statusCode !== 200) {
    assert.equal(statusCode, 429, body)
    assert.match(body, /"reason":"rate_limited"/)
    assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
    assert.match(String(headers.ratelimit), /^"requests";r=0;t=[1-9]\d*$/)
  }
  return { sentAt, answeredAt, accepted: statusCode === 200 }
}

function judge({ calls, ...cell }: Pick<RateLimitCell, 'perMinute' | 'load' | 'processes'> & { calls: Call[] }) {
  const { perMinute } = cell
  const perMs = perMinute / 60_000
  const accepted = calls.filter((call) => call.accepted)
  const elapsed =
    Math.max(...calls.map(({ answeredAt }) => answeredAt)) - Math.min(...calls.map(({ sentAt }) => sentAt))
  const theory = Math.min(calls.length, Math.floor(perMinute + elapsed * perMs))
  const violations: string[] = []
  if (accepted.length < 0.95 * theory) violations.push(`${accepted.length} accepted, and ${theory} should have been`)
  if (accepted.length > theory + 1)
    violations.push(`${accepted.length} accepted, and no more than ${theory} should have been`)
  let mostInAMinute = 0
  // When a call was decided nobody knows from here but that it was between its sending and its answer: of what surely
  // was decided within a time, no more may have been accepted than the limit and what grew meanwhile.
  for (const { sentAt: from } of accepted) {
    const within = accepted.filter(({ sentAt }) => sentAt >= from).map(({ answeredAt }) => answeredAt - from)
    within.sort((a, b) => a - b)
    mostInAMinute = Math.max(mostInAMinute, within.filter((ms) => ms <= 60_000).length)
    const beyond = within.findIndex((ms, index) => index + 1 > perMinute + ms * perMs + 1)
    if (beyond >= 0) violations.push(`${beyond + 1} accepted within ${within[beyond]} ms`)
  }
  if (mostInAMinute > 2 * perMinute) violations.push(`${mostInAMinute} accepted within a minute`)
  return { ...cell, sent: calls.length, accepted: accepted.length, theory, mostInAMinute, violations }
}
