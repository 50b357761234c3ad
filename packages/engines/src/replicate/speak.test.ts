import type { FaultInput } from '@loqui/fake-replicate/faults'
import { type FakeReplicate, startFakeReplicate } from '@loqui/fake-replicate/server'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Engine, HandedOver, type SpeakRequest } from '../engine.ts'
import { createJournal, type TestJournal } from '../testing-journal.ts'
import type { ReplicateOptions } from './engine.ts'
import { openEngines, speakPersistently } from './testing.ts'
import { sentWithinMs, type Timing } from './timing.ts'

let fake: FakeReplicate
let engines: Engine[] = []
let journal: TestJournal
beforeEach(async () => {
  // Nobody polls as fast as these tests do.
  fake = await startFakeReplicate({ othersPerMinute: 100_000 })
  journal = createJournal()
})
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()))
  engines = []
  await fake.close()
})

const open = (options: Partial<ReplicateOptions> = {}) => {
  engines.push(...openEngines(fake, options))
  const engine = engines.at(-3)
  if (!engine) throw new Error('there is no engine')
  return engine
}
const request: SpeakRequest = { text: 'It was a bright morning.', voice: 'standard', settings: {} }
const price = 25 * request.text.length
const never = new AbortController().signal
const speak = (timing: Partial<Timing> = {}) => speakPersistently(open({ timing }), request, journal)
const outcomes = () => journal.entries.map(({ end }) => end?.outcome ?? null)
const asked = (method: string, path: RegExp) =>
  fake.requests.filter((each) => each.method === method && path.test(each.path)).length
const creates = () => asked('POST', /predictions$/)

/** A budget that runs out within a test. */
const short = 300

describe('a creation', () => {
  test('is one request, with a seed of its own and a deadline, whose id is written down before anything is waited for', async () => {
    fake.fail({ on: 'get', fault: { kind: 'black-hole' } })
    const leaving = new AbortController()
    const call = open().speak(request, { signal: leaving.signal, calls: journal })
    call.catch(() => undefined)
    await expect.poll(() => journal.entries[0]?.providerId, { interval: 5 }).toBeTruthy()
    expect(journal.entries[0]?.providerId).toBe(fake.predictions[0]?.id)
    leaving.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
    const [create] = fake.requests
    expect(create).toMatchObject({
      method: 'POST',
      path: '/v1/models/resemble-ai/chatterbox/predictions',
      headers: { 'cancel-after': '10m', authorization: `Bearer ${fake.token}` },
      body: { input: { prompt: request.text, seed: expect.any(Number) } },
    })
    expect(create?.headers).not.toHaveProperty('prefer')
    expect(JSON.stringify(create?.body)).not.toContain(fake.token)
  })

  test.each<[string, FaultInput]>([
    ['whose connection is lost', { on: 'create', fault: { kind: 'reset', after: true } }],
    ['that a gateway answers with 502', { on: 'create', fault: { kind: 'status', status: 502, after: true } }],
    ['whose answer breaks off', { on: 'create', fault: { kind: 'truncate' } }],
    ['whose answer is a page', { on: 'create', fault: { kind: 'html' } }],
    ['whose answer is another', { on: 'create', fault: { kind: 'json' } }],
    ['that is never answered', { on: 'create', fault: { kind: 'black-hole', after: true } }],
    ['whose answer trickles', { on: 'create', fault: { kind: 'drip', bytesPerSecond: 10 } }],
  ])('%s is found and followed, not made again', async (_, fault) => {
    fake.fail(fault)
    const { speech, errors } = await speak({ create: short })
    expect(errors).toEqual([])
    expect(speech?.costMicros).toBe(price)
    expect(creates()).toBe(1)
    expect(fake.predictions.map(({ id }) => id)).toEqual(journal.entries.map(({ providerId }) => providerId))
    expect(outcomes()).toEqual(['succeeded'])
  })

  test.each<[string, FaultInput, string]>([
    ['that was cut off before', { on: 'create', fault: { kind: 'reset' }, times: 1 }, 'unavailable'],
    ['that nobody heard', { on: 'create', fault: { kind: 'black-hole' }, times: 1 }, 'timeout'],
  ])('%s is made again once it was looked for, and stays open as long as it may be found', async (_, fault, code) => {
    fake.fail(fault)
    const engine = open({ timing: { create: short } })
    const { speech, errors } = await speakPersistently(engine, request, journal)
    expect(speech).not.toBeNull()
    expect(errors).toEqual([code])
    expect(fake.predictions.length).toBe(1)
    expect(outcomes()).toEqual([null, 'succeeded'])
    const [lost] = journal.entries
    expect(await engine.provider?.find({ ...lost!, request }, { signal: never })).toEqual([])
  })

  test('is never the third that may have been accepted', async () => {
    fake.pace.listedAfterMs = 30_000
    fake.fail({ on: 'create', fault: { kind: 'reset', after: true } }, { on: 'run', fault: { kind: 'stick' } })
    const engine = open()
    const first = await speakPersistently(engine, request, journal, { attempts: 6 })
    expect(first.errors).toEqual(Array(6).fill('unavailable'))
    expect(fake.predictions.length).toBe(2)
    expect(creates()).toBe(2)
    // When the list has them, one is followed and the other ended.
    fake.heal()
    fake.pace.listedAfterMs = 0
    const second = await speakPersistently(open({ timing: { call: short } }), request, journal, { attempts: 1 })
    expect(second.errors).toEqual(['timeout'])
    expect(outcomes()).toEqual(['canceled', 'canceled'])
    expect(fake.running()).toEqual([])
    expect(journal.costMicros).toBe(fake.billedMicros)
  })

  test.each([
    [401, 'unauthorized'],
    [402, 'no_credit'],
    [422, 'invalid_input'],
    [404, 'invalid_input'],
  ])('answered with %i is refused for good: %s', async (status, code) => {
    fake.fail({ on: 'create', fault: { kind: 'status', status } })
    expect(await speak()).toEqual({ speech: null, errors: [code] })
    expect(fake.requests.length).toBe(1)
    expect(outcomes()).toEqual(['refused'])
    expect(journal.costMicros).toBe(0)
  })

  test('in a storm of 5xx is asked for twice, and then not before it is certain what became of it', async () => {
    fake.fail({ on: 'create', fault: { kind: 'status', status: 503 } })
    const engine = open()
    expect((await speakPersistently(engine, request, journal)).errors).toEqual(Array(3).fill('unavailable'))
    fake.heal()
    const error = await engine.speak(request, { signal: never, calls: journal }).catch((thrown: unknown) => thrown)
    expect(error).toHaveProperty(
      'retryAfterMs',
      expect.toSatisfy((ms: number) => ms > 30_000 && ms <= 45_000),
    )
    expect(creates()).toBe(2)
    for (const entry of journal.entries) entry.announcedAt.setTime(entry.announcedAt.getTime() - 45_000)
    expect((await speakPersistently(engine, request, journal)).errors).toEqual([])
    expect(outcomes()).toEqual(['refused', 'refused', 'succeeded'])
    expect(fake.predictions.length).toBe(1)
  })

  test('in a storm over everything is left open, and found when it is over', async () => {
    fake.fail(
      { on: 'create', fault: { kind: 'status', status: 500, after: true }, times: 1 },
      { on: 'api', fault: { kind: 'status', status: 500 } },
    )
    expect((await speak()).errors).toEqual(['unavailable', 'unavailable', 'unavailable'])
    // The look failed, and so there was none after it that would ask again.
    expect(creates()).toBe(1)
    fake.heal()
    expect((await speak()).speech).not.toBeNull()
    expect(creates()).toBe(1)
    expect(outcomes()).toEqual(['succeeded'])
  })

  describe('that was announced and not sent yet', () => {
    afterEach(() => void vi.useRealTimers())
    /** The journal of a process that stands still, or what happens to it otherwise, when it has announced a call. */
    const standingStill = (meanwhile: () => void): TestJournal => ({
      ...journal,
      async announce() {
        const mark = await journal.announce()
        meanwhile()
        return mark
      },
    })

    // The one is what a clock that is set back would hide, the other what a machine that slept would.
    test.each(['performance', 'Date'] as const)(
      'is not sent later, by %s, since others may have given it up',
      async (clock) => {
        vi.useFakeTimers({ toFake: [clock] })
        const engine = open()
        const late = standingStill(() => vi.advanceTimersByTime(sentWithinMs + 1))
        await expect(engine.speak(request, { signal: never, calls: late })).rejects.toMatchObject({
          code: 'unavailable',
          retryable: true,
          costMicros: 0,
        })
        expect(fake.requests).toEqual([])
        expect(outcomes()).toEqual(['refused'])
        // Only that one is too late.
        const speech = await engine.speak(request, {
          signal: never,
          calls: standingStill(() => vi.advanceTimersByTime(sentWithinMs)),
        })
        expect(speech.costMicros).toBe(price)
        expect(outcomes()).toEqual(['refused', 'succeeded'])
      },
    )

    test.each([
      ['given up', new Error('The listener left.')],
      ['handed over', new HandedOver('this worker stops')],
    ])('is not sent where it was %s meanwhile', async (_, reason) => {
      const leaving = new AbortController()
      const calls = standingStill(() => leaving.abort(reason))
      await expect(open().speak(request, { signal: leaving.signal, calls })).rejects.toBe(reason)
      expect(fake.requests).toEqual([])
      expect(outcomes()).toEqual(['refused'])
    })
  })

  test('is no request at all where nobody listens', async () => {
    const engine = open()
    await fake.goDown()
    const { errors } = await speakPersistently(engine, request, journal)
    expect(errors).toEqual(['unavailable', 'unavailable', 'unavailable'])
    expect(outcomes()).toEqual(['refused', 'refused', 'refused'])
    await fake.comeBack()
    expect(fake.requests).toEqual([])
    expect((await speakPersistently(engine, request, journal)).errors).toEqual([])
  })

  test('waits as long as Retry-After says, and the others with it, then one goes first', async () => {
    fake.fail({ on: 'create', fault: { kind: 'throttle', seconds: 1 }, times: 2 })
    const engine = open()
    await engine.speak(request, { signal: never })
    const journals = Array.from({ length: 6 }, () => createJournal())
    fake.fail({ on: 'create', fault: { kind: 'throttle', seconds: 1 }, times: 1 })
    await Promise.all(journals.slice(0, 1).map((calls) => engine.speak(request, { signal: never, calls })))
    await Promise.all(journals.slice(1).map((calls) => engine.speak(request, { signal: never, calls })))
    const times = fake.requests.filter(({ method }) => method === 'POST').map(({ at, status }) => ({ at, status }))
    for (const [index, { at, status }] of times.entries()) {
      const next = times[index + 1]
      if (status === 429 && next) expect(next.at - at).toBeGreaterThanOrEqual(995)
    }
    expect(times.filter(({ status }) => status === 429).length).toBe(3)
    expect(times.length).toBe(3 + 7)
    expect(journals.flatMap(({ entries }) => entries).every(({ end }) => end !== null)).toBe(true)
  })

  test('that would have to wait too long says until when, without another request', async () => {
    fake.fail({ on: 'create', fault: { kind: 'throttle', seconds: 60 } })
    const engine = open()
    const error = await engine.speak(request, { signal: never, calls: journal }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'throttled', retryable: true, costMicros: 0 })
    expect(error).toHaveProperty(
      'retryAfterMs',
      expect.toSatisfy((ms: number) => ms > 55_000 && ms <= 75_000),
    )
    await expect(engine.speak(request, { signal: never, calls: journal })).rejects.toMatchObject({ code: 'throttled' })
    expect(fake.requests.length).toBe(1)
    expect(outcomes()).toEqual(['refused'])
  })

  test('takes from the bucket of the installation first', async () => {
    const takes: PromiseWithResolvers<void>[] = []
    const take = () => {
      const next = Promise.withResolvers<void>()
      takes.push(next)
      return next.promise
    }
    const call = open({ limiter: { take } }).speak(request, { signal: never, calls: journal })
    await expect.poll(() => takes.length, { interval: 5 }).toBe(1)
    expect([fake.requests.length, journal.entries.length]).toEqual([0, 0])
    takes[0]?.resolve()
    await call
    expect(takes.length).toBe(1)
  })

  test('is not made while it is not known what earlier ones made', async () => {
    await journal.announce()
    fake.fail({ on: 'list', fault: { kind: 'reset' } })
    expect((await speak()).errors).toEqual(['unavailable', 'unavailable', 'unavailable'])
    expect(creates()).toBe(0)
  })

  test('is not needed where an earlier one succeeded and its audio was lost on the way', async () => {
    const first = await speak()
    const again = await speak()
    expect(again.speech?.samples).toEqual(first.speech?.samples)
    expect(creates()).toBe(1)
    expect(journal.costMicros).toBe(price)
    // After an hour there is nothing left to be had of it.
    fake.clock.advance(3_700_000)
    await speak()
    expect(outcomes()).toEqual(['gone', 'succeeded'])
    expect(journal.costMicros).toBe(fake.billedMicros)
  })
})

describe('a prediction', () => {
  test.each<[string, FaultInput, string]>([
    ['fails', { on: 'run', fault: { kind: 'fail' } }, 'failed'],
    ['is aborted', { on: 'run', fault: { kind: 'abort' } }, 'aborted'],
  ])('that %s costs nothing, and is tried again once', async (_, fault, ends) => {
    fake.fail(fault)
    expect((await speak()).errors).toEqual([ends, ends, 'Exhausted'])
    expect(outcomes()).toEqual([ends, ends])
    expect(fake.predictions.length).toBe(2)
    expect([journal.costMicros, fake.billedMicros]).toEqual([0, 0])
  })

  test('that does not end is canceled, and paid for', async () => {
    fake.fail({ on: 'run', fault: { kind: 'stick' } })
    const error = await open({ timing: { call: short } })
      .speak(request, { signal: never, calls: journal })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'timeout', retryable: true, costMicros: price })
    expect(outcomes()).toEqual(['canceled'])
    expect(fake.running()).toEqual([])
    expect(fake.billedMicros).toBe(price)
  })

  test.each<[string, FaultInput]>([
    ['a storm', { on: 'get', fault: { kind: 'status', status: 500 } }],
    ['lost connections', { on: 'get', fault: { kind: 'reset' } }],
    ['silence', { on: 'get', fault: { kind: 'black-hole' } }],
    ['nonsense', { on: 'get', fault: { kind: 'json' } }],
  ])('is looked at again through %s, and left open where that does not help', async (_, fault) => {
    fake.fail({ ...fault, times: 2 } as FaultInput)
    const timing = { ask: short }
    expect((await speak(timing)).errors).toEqual([])
    journal = createJournal()
    fake.fail(fault)
    const { errors } = await speak(timing)
    expect(errors).toHaveLength(3)
    expect(journal.entries).toMatchObject([{ providerId: fake.predictions[1]?.id, end: null }])
    fake.heal()
    expect((await speak(timing)).speech).not.toBeNull()
    expect(fake.predictions.length).toBe(2)
  })

  test('is looked at no sooner than Retry-After says', async () => {
    fake.fail({ on: 'get', fault: { kind: 'throttle', seconds: 1 }, times: 1 })
    expect((await speak()).errors).toEqual([])
    const [first, second] = fake.requests.filter(({ path }) => /predictions\/\w+$/.test(path))
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(995)
  })
})

describe('an output', () => {
  test.each<[string, FaultInput]>([
    ['a page', { on: 'output', fault: { kind: 'html' } }],
    ['JSON', { on: 'output', fault: { kind: 'json' } }],
    [
      'half a WAV file',
      { on: 'output', fault: { kind: 'bytes', base64: riff(100).subarray(0, 80).toString('base64') } },
    ],
    ['no sound', { on: 'output', fault: { kind: 'bytes', base64: riff(0).toString('base64') } }],
    ['minutes of sound', { on: 'output', fault: { kind: 'bytes', base64: riff(60 * 24_000).toString('base64') } }],
    ['gone', { on: 'run', fault: { kind: 'remove' } }],
    ['not found', { on: 'output', fault: { kind: 'status', status: 404 } }],
    ['nothing', { on: 'run', fault: { kind: 'output', output: null } }],
    ['no address', { on: 'run', fault: { kind: 'output', output: { url: 'x' } } }],
    ['a file of ours', { on: 'run', fault: { kind: 'output', output: 'file:///etc/passwd' } }],
    ['an inner address', { on: 'run', fault: { kind: 'output', output: 'http://169.254.169.254/latest/meta-data' } }],
    [
      'on another host',
      { on: 'run', fault: { kind: 'output', output: 'https://replicate.delivery.example.org/a.wav' } },
    ],
    ['one that leads inside', { on: 'output', fault: { kind: 'redirect', location: 'http://127.0.0.1:9/secret' } }],
  ])('that is %s is paid for and given up, and made anew once', async (_, fault) => {
    fake.fail(fault)
    const { speech, errors } = await speak()
    expect(speech).toBeNull()
    expect(errors).toEqual(['bad_output', 'bad_output', 'Exhausted'])
    expect(outcomes()).toEqual(['gone', 'gone'])
    expect(fake.predictions.length).toBe(2)
    expect(journal.costMicros).toBe(fake.billedMicros)
  })

  test.each<[string, FaultInput, string]>([
    ['breaks off', { on: 'output', fault: { kind: 'truncate' } }, 'unavailable'],
    ['is answered with 500', { on: 'output', fault: { kind: 'status', status: 500 } }, 'unavailable'],
    ['trickles', { on: 'output', fault: { kind: 'drip', bytesPerSecond: 1_000 } }, 'timeout'],
    ['never comes', { on: 'output', fault: { kind: 'black-hole' } }, 'timeout'],
  ])('that %s is fetched again, and never made again', async (_, fault, code) => {
    fake.fail(fault)
    const { errors } = await speak(code === 'timeout' ? { download: short } : {})
    expect(errors).toEqual([code, code, code])
    fake.heal()
    expect((await speak()).speech?.costMicros).toBe(price)
    expect(fake.predictions.length).toBe(1)
    expect(fake.billedMicros).toBe(price)
  })
})

describe('an abort', () => {
  const reason = new Error('The listener left.')

  test.each<[string, FaultInput | null, () => boolean]>([
    ['before it runs', { on: 'run', fault: { kind: 'wait' } }, () => journal.entries[0]?.providerId != null],
    ['while it runs', { on: 'run', fault: { kind: 'stick' } }, () => fake.predictions[0]?.status === 'processing'],
    [
      'while it is created',
      { on: 'create', fault: { kind: 'drip', bytesPerSecond: 3_000 } },
      () => fake.predictions.length > 0,
    ],
    [
      'while its output is fetched',
      { on: 'output', fault: { kind: 'drip', bytesPerSecond: 5_000 } },
      () => asked('GET', /delivery/) > 0,
    ],
  ])('%s ends it at Replicate, with what it cost written down', async (_, fault, isSoFar) => {
    if (fault) fake.fail(fault)
    const leaving = new AbortController()
    const call = open().speak(request, { signal: leaving.signal, calls: journal })
    call.catch(() => undefined)
    await expect.poll(isSoFar, { interval: 5 }).toBe(true)
    const before = performance.now()
    leaving.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(performance.now() - before).toBeLessThan(2_000)
    expect(fake.running()).toEqual([])
    expect(journal.isComplete).toBe(true)
    expect(journal.costMicros).toBe(fake.billedMicros)
  })

  test('while it waits at a limit asks for nothing more', async () => {
    fake.fail({ on: 'create', fault: { kind: 'throttle', seconds: 10 } })
    const leaving = new AbortController()
    const call = open().speak(request, { signal: leaving.signal, calls: journal })
    call.catch(() => undefined)
    await expect.poll(outcomes, { interval: 5 }).toEqual(['refused'])
    leaving.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(fake.requests.length).toBe(1)
  })

  test('goes through in time also when nobody hears the cancel, and leaves the call open', async () => {
    fake.fail({ on: 'run', fault: { kind: 'stick' } }, { on: 'cancel', fault: { kind: 'black-hole' } })
    const leaving = new AbortController()
    const engine = open({ timing: { cancel: short } })
    const call = engine.speak(request, { signal: leaving.signal, calls: journal })
    call.catch(() => undefined)
    await expect.poll(() => journal.entries[0]?.providerId != null, { interval: 5 }).toBe(true)
    leaving.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(outcomes()).toEqual([null])
    fake.heal()
    const { id } = fake.predictions[0]!
    expect(await engine.provider?.cancel(id, { signal: never })).toMatchObject({ state: 'canceled', costMicros: price })
  })

  test('that hands the work over lets it go on, and the next one follows it', async () => {
    fake.fail({ on: 'run', fault: { kind: 'stick' }, times: 1 })
    const leaving = new AbortController()
    const first = open()
    const call = first.speak(request, { signal: leaving.signal, calls: journal })
    call.catch(() => undefined)
    await expect.poll(() => fake.predictions[0]?.status, { interval: 5 }).toBe('processing')
    const handedOver = new HandedOver('this worker stops')
    leaving.abort(handedOver)
    await expect(call).rejects.toBe(handedOver)
    expect(fake.predictions[0]?.status).toBe('processing')
    expect(asked('POST', /cancel$/)).toBe(0)

    const following = new AbortController()
    const second = open().speak(request, { signal: following.signal, calls: journal })
    second.catch(() => undefined)
    const looks = asked('GET', /predictions\/\w+$/)
    await expect.poll(() => asked('GET', /predictions\/\w+$/), { interval: 5 }).toBeGreaterThan(looks)
    expect(fake.predictions.length).toBe(1)
    following.abort(reason)
    await expect(second).rejects.toBe(reason)
    expect(outcomes()).toEqual(['canceled'])
  })
})

test('an engine that is closed leaves what is written down to others, and ends what nobody knows of', async () => {
  fake.fail({ on: 'run', fault: { kind: 'stick' } })
  const engine = open()
  const calls = Promise.allSettled([
    engine.speak({ ...request, text: 'With a journal.' }, { signal: never, calls: journal }),
    engine.speak({ ...request, text: 'Without one.' }, { signal: never }),
  ])
  await expect
    .poll(() => fake.predictions.map(({ status }) => status), { interval: 5 })
    .toEqual(Array(2).fill('processing'))
  await engine.close()
  for (const call of await calls) expect(call).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
  expect(fake.running().map(({ text }) => text)).toEqual(['With a journal.'])
})

describe('webhooks', () => {
  test('are asked for where they can come through, and then looks are few', async () => {
    fake.fail({ on: 'webhook', fault: { kind: 'drop' } })
    const engine = open({ publicUrl: 'https://loqui.example/' })
    const call = engine.speak(request, { signal: never, calls: journal })
    await expect.poll(() => fake.predictions[0]?.status, { interval: 5 }).toBe('succeeded')
    expect(fake.requests[0]?.body).toMatchObject({
      webhook: 'https://loqui.example/webhooks/replicate',
      webhook_events_filter: ['completed'],
    })
    expect(asked('GET', /predictions\/\w+$/)).toBe(0)
    // What one process received wakes those that wait, in whichever they are.
    await expect.poll(() => journal.entries[0]?.providerId != null, { interval: 5 }).toBe(true)
    engine.provider?.wake(fake.predictions[0]!.id)
    await call
    expect(asked('GET', /predictions\/\w+$/)).toBe(1)
  })

  test.each(['http://localhost:3000', 'no address', undefined])('are not asked for at %s', async (publicUrl) => {
    await open({ publicUrl }).speak(request, { signal: never })
    expect(fake.requests[0]?.body).not.toHaveProperty('webhook')
  })

  test('are believed when Replicate signed them just now, and wake whoever waits', async () => {
    const engine = open({ publicUrl: 'https://loqui.example' })
    const call = engine.speak(request, { signal: never, calls: journal })
    await expect.poll(() => fake.webhooks.deliveries.length, { interval: 5 }).toBe(1)
    const [{ headers, body }] = fake.webhooks.deliveries as [(typeof fake.webhooks.deliveries)[number]]
    await expect.poll(() => journal.entries[0]?.providerId != null, { interval: 5 }).toBe(true)
    const receive = (message: { headers: typeof headers; body: string }) =>
      engine.provider?.receive({ headers: message.headers, body: Buffer.from(message.body) }, { signal: never })
    expect(await receive({ headers, body: `${body} ` })).toBeNull()
    const answer = { id: headers['webhook-id'], callId: fake.predictions[0]?.id }
    expect(await receive({ headers, body })).toEqual(answer)
    await call
    // Sent again it is the same message; and the secret was asked for once.
    expect(await receive({ headers, body })).toEqual(answer)
    expect(asked('GET', /secret$/)).toBe(1)
  })
})

test('two hundred at once, each with a creation of its own', async () => {
  const engine = open()
  const journals = Array.from({ length: 200 }, () => createJournal())
  fake.fail({ on: 'create', fault: { kind: 'reset', after: true }, times: 40 })
  const results = await Promise.all(
    journals.map((calls, index) => speakPersistently(engine, { ...request, text: `Number ${index}.` }, calls)),
  )
  expect(results.every(({ speech }) => speech !== null)).toBe(true)
  expect(fake.predictions.length).toBe(200)
  expect(journals.every(({ isComplete }) => isComplete)).toBe(true)
  expect(journals.reduce((sum, { costMicros }) => sum + costMicros, 0)).toBe(fake.billedMicros)
})

/** A WAV file of silence. */
function riff(samples: number): Buffer {
  const file = Buffer.alloc(44 + samples * 2)
  file.write('RIFF', 0)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(24_000, 24)
  file.writeUInt32LE(48_000, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(samples * 2, 40)
  return file
}
