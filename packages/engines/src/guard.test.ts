import { type FakeReplicate, startFakeReplicate } from '@loqui/fake-replicate/server'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { BreakerState, CallJournal, Engine } from './engine.ts'
import { type GuardedEngine, guard } from './guard.ts'
import { openEngines } from './replicate/testing.ts'

let fake: FakeReplicate
let engines: Engine[]
let guarded: GuardedEngine
let turbo: GuardedEngine
let states: BreakerState[]
beforeEach(async () => {
  fake = await startFakeReplicate({ createsPerMinute: 10_000 })
  engines = openEngines(fake)
  states = []
  const all = guard(engines, {
    failures: 3,
    probeMs: { first: 50, most: 50 },
    soundAfterMs: 100,
    onState: (engine, state) => engine === 'chatterbox' && states.push(state),
  })
  guarded = all[0]!
  turbo = all[1]!
})
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()))
  await fake.close()
})

const signal = new AbortController().signal
const request = { text: 'Hello there.', voice: 'standard', settings: {} }
const speak = () => guarded.speak(request, { signal })
const creations = () =>
  fake.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/predictions')).length

/** Guards the same engine so that its probe is waited for to its end. */
function guardPatiently() {
  const states: BreakerState[] = []
  const [chatterbox] = guard(engines, {
    failures: 3,
    probeMs: { first: 50, most: 50 },
    onState: (engine, state) => engine === 'chatterbox' && states.push(state),
  })
  return { chatterbox: chatterbox!, states }
}

async function breakCircuit(engine: GuardedEngine): Promise<void> {
  fake.fail({ on: 'create', fault: { kind: 'status', status: 402 }, times: 3 })
  for (let count = 0; count < 3; count++) {
    await expect(engine.speak(request, { signal })).rejects.toMatchObject({ code: 'no_credit' })
  }
}

test('an engine that does not work is left alone, and whoever asks is told at once until when', async () => {
  fake.fail({ on: 'create', fault: { kind: 'status', status: 402 } })
  for (let count = 0; count < 3; count++) await expect(speak()).rejects.toMatchObject({ code: 'no_credit' })
  expect(guarded.breaker).toBe('open')
  const asked = creations()
  await expect(speak()).rejects.toMatchObject({ code: 'unavailable', retryable: true, retryAfterMs: 50 })
  expect(creations()).toBe(asked)
})

test('one call finds out whether it works again, and then all go through', async () => {
  fake.fail({ on: 'create', fault: { kind: 'status', status: 402 }, times: 4 })
  await expect
    .poll(
      () =>
        speak().then(
          () => 'spoken',
          () => 'failed',
        ),
      { interval: 10 },
    )
    .toBe('spoken')
  expect(creations()).toBe(5)
  expect(states).toEqual(['open', 'half_open', 'open', 'half_open', 'closed'])
  await Promise.all([speak(), speak()])
})

test('an account without credit, or that is not taken, breaks all engines it pays for, and one probe is for all', async () => {
  fake.fail({ on: 'create', fault: { kind: 'status', status: 402 }, times: 3 })
  for (let count = 0; count < 3; count++) await expect(speak()).rejects.toMatchObject({ code: 'no_credit' })
  expect(turbo.breaker).toBe('open')
  const asked = creations()
  const speakTurbo = () => turbo.speak({ ...request, voice: 'Andy' }, { signal })
  await expect(speakTurbo()).rejects.toMatchObject({ code: 'unavailable' })
  expect(creations()).toBe(asked)
  await expect
    .poll(
      () =>
        speakTurbo().then(
          () => 'spoken',
          () => 'failed',
        ),
      { interval: 10 },
    )
    .toBe('spoken')
  expect([guarded.breaker, turbo.breaker]).toEqual(['closed', 'closed'])
})

test('a model that does not work breaks no other', async () => {
  fake.fail({ on: 'create', fault: { kind: 'status', status: 503 }, text: 'Hello' })
  fake.fail({ on: 'list', fault: { kind: 'status', status: 503 } })
  for (let count = 0; count < 3; count++) await expect(speak()).rejects.toMatchObject({ code: 'unavailable' })
  expect([guarded.breaker, turbo.breaker]).toEqual(['open', 'closed'])
})

test('a probe whose speech takes long does not keep the others waiting for its end', async () => {
  fake.fail({ on: 'create', fault: { kind: 'status', status: 402 }, times: 3 })
  for (let count = 0; count < 3; count++) await expect(speak()).rejects.toMatchObject({ code: 'no_credit' })
  fake.fail({ on: 'run', fault: { kind: 'stick' }, times: 1 })
  const stopping = new AbortController()
  let probe: Promise<unknown> | undefined
  await expect
    .poll(
      () => {
        probe ??= guarded.speak(request, { signal: stopping.signal }).catch((error: unknown) => {
          if (creations() === 3) probe = undefined
          return error
        })
        return creations()
      },
      { interval: 10 },
    )
    .toBe(4)
  await expect.poll(() => guarded.breaker).toBe('closed')
  await expect(speak()).resolves.toMatchObject({ sampleRate: expect.any(Number) })
  stopping.abort(new Error('enough'))
  await expect(probe).resolves.toEqual(new Error('enough'))
})

test('a probe that is aborted finds nothing out: all others still leave the engine alone, and another one finds out', async () => {
  const { chatterbox, states } = guardPatiently()
  const speak = (signal: AbortSignal) => chatterbox.speak(request, { signal })
  await breakCircuit(chatterbox)
  fake.fail({ on: 'run', fault: { kind: 'stick' }, times: 1 })
  const stopping = new AbortController()
  const probe = vi.waitFor(() => expect(speak(stopping.signal)).rejects.toThrow('enough'), {
    interval: 10,
    timeout: 10_000,
  })
  await expect.poll(creations).toBe(4)
  stopping.abort(new Error('enough'))
  await probe
  expect(states).toEqual(['open', 'half_open', 'open'])
  await expect
    .poll(
      () =>
        speak(signal).then(
          () => 'spoken',
          () => 'failed',
        ),
      { interval: 10 },
    )
    .toBe('spoken')
  expect(states).toEqual(['open', 'half_open', 'open', 'half_open', 'closed'])
})

test('a probe that ends for reasons of the caller’s own finds nothing out, either', async () => {
  const { chatterbox, states } = guardPatiently()
  await breakCircuit(chatterbox)
  const lost: CallJournal = {
    open: [],
    announce: () => Promise.reject(new Error('somebody else has it')),
    accepted: async () => true,
    ended: async () => undefined,
  }
  await vi.waitFor(
    () => expect(chatterbox.speak(request, { signal, calls: lost })).rejects.toThrow('somebody else has it'),
    { interval: 10 },
  )
  expect(states).toEqual(['open', 'half_open', 'open'])
})

test('a call from before that is aborted takes nothing from the probe that succeeds', async () => {
  const { chatterbox, states } = guardPatiently()
  fake.fail({ on: 'run', fault: { kind: 'stick' }, times: 2 })
  const [old, probing] = [new AbortController(), new AbortController()]
  const before = chatterbox.speak(request, { signal: old.signal }).catch((error: unknown) => error)
  await expect.poll(creations).toBe(1)
  await breakCircuit(chatterbox)
  const probe = vi.waitFor(
    () => expect(chatterbox.speak(request, { signal: probing.signal })).rejects.toThrow('enough'),
    {
      interval: 10,
      timeout: 10_000,
    },
  )
  await expect.poll(creations).toBe(5)
  old.abort(new Error('nobody wants it'))
  await expect(before).resolves.toEqual(new Error('nobody wants it'))
  expect(states).toEqual(['open', 'half_open'])
  probing.abort(new Error('enough'))
  await probe
})

test('an engine that nobody asks is open no longer than it has to be left alone', async () => {
  const { chatterbox } = guardPatiently()
  await breakCircuit(chatterbox)
  expect(chatterbox.breaker).toBe('open')
  await expect.poll(() => chatterbox.breaker).toBe('half_open')
  await expect(chatterbox.speak(request, { signal })).resolves.toMatchObject({ sampleRate: expect.any(Number) })
  expect(chatterbox.breaker).toBe('closed')
})

test('what fails for one text, and what is aborted, says nothing of the engine', async () => {
  fake.fail({ on: 'run', fault: { kind: 'fail' } })
  for (let count = 0; count < 5; count++) await expect(speak()).rejects.toMatchObject({ code: 'failed' })
  const reason = new Error('enough')
  for (let count = 0; count < 5; count++) {
    await expect(guarded.speak(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  }
  expect(guarded.breaker).toBe('closed')
})
