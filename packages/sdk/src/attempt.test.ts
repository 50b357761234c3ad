import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { attempt, sleep } from './attempt.ts'
import { LoquiError, NotFoundError, ServerError, TimeoutError } from './errors.ts'

const defaults = { timeoutMs: 1_000, maxRetries: 2 }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Lets time pass until the call is settled, and says how much did. */
async function settle<T>(call: Promise<T>): Promise<{ value?: T; error?: unknown; ms: number }> {
  const begun = Date.now()
  const settled = call.then(
    (value) => ({ value, ms: Date.now() - begun }),
    (error: unknown) => ({ error, ms: Date.now() - begun }),
  )
  await vi.runAllTimersAsync()
  return settled
}

const passing = () => new ServerError('Not now.', { reason: 'service_unavailable', status: 503 })

test('a call that fails for a passing cause is made again, later each time', async () => {
  const call = vi
    .fn()
    .mockRejectedValueOnce(passing())
    .mockRejectedValueOnce(new TypeError('reset'))
    .mockResolvedValue(1)
  const { value, ms } = await settle(attempt(call, { repeatable: true }, defaults))
  expect(value).toBe(1)
  expect(call).toHaveBeenCalledTimes(3)
  // Half of 500 and 1000 ms at least, all of them at most.
  expect(ms).toBeGreaterThanOrEqual(750)
  expect(ms).toBeLessThanOrEqual(1_500)
})

test('it gives up after the retries it has', async () => {
  const call = vi.fn().mockRejectedValue(passing())
  const { error } = await settle(attempt(call, { repeatable: true, maxRetries: 1 }, defaults))
  expect(error).toMatchObject({ reason: 'service_unavailable' })
  expect(call).toHaveBeenCalledTimes(2)
})

test.each(['busy', 'rate_limited', 'concurrency_limited'] as const)(
  'of %s it waits as long as the server asked',
  async (reason) => {
    const busy = new LoquiError('Busy.', { reason, retryAfterMs: 7_000 })
    const call = vi.fn().mockRejectedValueOnce(busy).mockResolvedValue(1)
    expect((await settle(attempt(call, { repeatable: true }, defaults))).ms).toBeGreaterThanOrEqual(7_000)
  },
)

test('it does not wait for what is far away', async () => {
  const call = vi.fn().mockRejectedValue(new LoquiError('Busy.', { reason: 'busy', retryAfterMs: 3_600_000 }))
  const { error, ms } = await settle(attempt(call, { repeatable: true }, defaults))
  expect(error).toMatchObject({ retryAfterMs: 3_600_000 })
  expect(ms).toBe(0)
})

test('a time without end is none', async () => {
  const call = attempt(silent, { repeatable: false, timeoutMs: Number.POSITIVE_INFINITY }, defaults)
  const settled = vi.fn()
  call.then(settled, settled)
  await vi.advanceTimersByTimeAsync(24 * 3_600_000)
  expect(settled).not.toHaveBeenCalled()
  vi.clearAllTimers()
})

test('what would happen twice is made once', async () => {
  const call = vi.fn().mockRejectedValue(passing())
  await settle(attempt(call, { repeatable: false }, defaults))
  expect(call).toHaveBeenCalledTimes(1)
})

test('what comes back the same is asked once', async () => {
  const call = vi.fn().mockRejectedValue(new NotFoundError('No.', { reason: 'voice_not_found', status: 404 }))
  await settle(attempt(call, { repeatable: true }, defaults))
  expect(call).toHaveBeenCalledTimes(1)
})

/** A server that does not answer. */
const silent = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })

test('a try that takes too long is aborted, and says so', async () => {
  const { error, ms } = await settle(attempt(silent, { repeatable: false, timeoutMs: 200 }, defaults))
  expect(error).toBeInstanceOf(TimeoutError)
  expect(error).toMatchObject({ reason: 'timed_out', message: 'No answer came within 0.2 s.' })
  expect(ms).toBe(200)
})

test('a try that goes on may take as long as it goes on', async () => {
  const call = async (signal: AbortSignal, moved: () => void) => {
    for (let step = 0; step < 10; step++) {
      await sleep(150, signal)
      moved()
    }
    return silent(signal)
  }
  const { error, ms } = await settle(attempt(call, { repeatable: false, timeoutMs: 200 }, defaults))
  expect(error).toBeInstanceOf(TimeoutError)
  expect(ms).toBe(1_700)
})

test('what is said to go on when it is over sets no clock going', async () => {
  let say = () => {}
  await attempt(
    async (_signal, moved) => {
      say = moved
    },
    { repeatable: false },
    defaults,
  )
  say()
  expect(vi.getTimerCount()).toBe(0)
})

test('the signal ends a try and the wait before the next, with its own reason', async () => {
  const reason = new Error('changed my mind')
  const aborted = new AbortController()
  const running = attempt(silent, { repeatable: true, signal: aborted.signal }, defaults)
  const between = attempt(() => Promise.reject(passing()), { repeatable: true, signal: aborted.signal }, defaults)
  const results = Promise.allSettled([running, between])
  await vi.advanceTimersByTimeAsync(100)
  aborted.abort(reason)
  expect(await results).toEqual([
    { status: 'rejected', reason },
    { status: 'rejected', reason },
  ])
  const call = vi.fn()
  await expect(attempt(call, { repeatable: true, signal: aborted.signal }, defaults)).rejects.toBe(reason)
  expect(call).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
})
