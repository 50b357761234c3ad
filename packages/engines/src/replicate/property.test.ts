import type { FaultInput } from '@loqui/fake-replicate/faults'
import { type FakeReplicate, startFakeReplicate } from '@loqui/fake-replicate/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Engine, SpeakRequest } from '../engine.ts'
import { createJournal, mostCreations, type TestJournal } from '../testing-journal.ts'
import { openEngines, speakPersistently } from './testing.ts'

const never = new AbortController().signal
const request: SpeakRequest = { text: 'Perhaps they will come.', voice: 'standard', settings: {} }

const times = fc.integer({ min: 1, max: 3 })
const requestFault = fc.oneof(
  fc.record({ kind: fc.constantFrom('reset', 'black-hole'), after: fc.boolean() }),
  fc.record({ kind: fc.constant('status'), status: fc.constantFrom(500, 502, 503), after: fc.boolean() }),
  // What is refused has not been done.
  fc.record({ kind: fc.constant('status'), status: fc.constantFrom(401, 402, 422) }),
  fc.record({ kind: fc.constantFrom('truncate', 'html', 'json') }),
  fc.constant({ kind: 'throttle', seconds: 0 }),
)
const fault = fc.oneof(
  fc.record({
    on: fc.constantFrom('create', 'create', 'get', 'list', 'cancel', 'output', 'api'),
    fault: requestFault,
    times,
  }),
  fc.record({
    on: fc.constant('run'),
    fault: fc.record({ kind: fc.constantFrom('fail', 'abort', 'stick', 'wait') }),
    times,
  }),
) as fc.Arbitrary<FaultInput>

/** What happens to a segment: faults, and an attempt that ends by itself or is left after a moment. */
const step = fc.record({
  faults: fc.array(fault, { maxLength: 3 }),
  hidden: fc.boolean(),
  leftAfterMs: fc.option(fc.integer({ min: 0, max: 40 }), { nil: null, freq: 3 }),
})

test('whatever goes wrong, every creation is written down or found, and no more than two are made', {
  timeout: 180_000,
}, async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
    const fake = await startFakeReplicate({ createsPerMinute: 100_000, othersPerMinute: 100_000 })
    const [engine] = openEngines(fake, { timing: { create: 60, ask: 60, download: 100, cancel: 60, call: 100 } })
    // A sweep has more time than those whose time runs out here.
    const [sweeper] = openEngines(fake)
    try {
      const journal = createJournal()
      for (const { faults, hidden, leftAfterMs } of steps) {
        fake.pace.listedAfterMs = hidden ? 1_000 : 0
        fake.fail(...faults)
        const signal = leftAfterMs === null ? never : AbortSignal.timeout(leftAfterMs)
        await speakPersistently(engine!, request, journal, { attempts: 2, signal })
        fake.heal()
      }
      await holdsTogether(fake, sweeper!, journal)
    } finally {
      await Promise.all([engine?.close(), sweeper?.close()])
      await fake.close()
    }
  })
  await fc.assert(property, { numRuns: 60 })
})

async function holdsTogether(fake: FakeReplicate, engine: Engine, journal: TestJournal): Promise<void> {
  fake.pace.listedAfterMs = 0
  expect(fake.predictions.length).toBeLessThanOrEqual(mostCreations)
  for (const { id } of fake.predictions) {
    const known = journal.entries.some(({ providerId }) => providerId === id)
    const found = known || (await isFound(engine, journal, id))
    expect(found, `${id} is lost`).toBe(true)
  }
  // What is written down as ended has ended, at that price.
  for (const { providerId, end } of journal.entries) {
    const prediction = fake.predictions.find(({ id }) => id === providerId)
    if (!prediction || !end) continue
    expect(prediction.completedAt).not.toBeNull()
    expect(end.costMicros).toBe(prediction.costMicros)
  }
}

/** As a sweep looks for it: by what was announced and has no id. */
async function isFound(engine: Engine, journal: TestJournal, id: string): Promise<boolean> {
  for (const { mark, announcedAt } of journal.entries) {
    const calls = await engine.provider?.find({ mark, announcedAt, request }, { signal: never })
    if (calls?.some((call) => call.id === id)) return true
  }
  return false
}
