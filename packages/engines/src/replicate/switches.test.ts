import type { FaultInput } from '@loqui/fake-replicate/faults'
import { startFakeReplicate } from '@loqui/fake-replicate/server'
import { expect, test } from 'vitest'
import type { Engine, SpeakRequest } from '../engine.ts'
import { createJournal, mostCreations } from '../testing-journal.ts'
import { openEngines, speakPersistently } from './testing.ts'

/** What is thrown at fifty segments that are spoken at the same time. */
const switches: Readonly<Record<string, readonly FaultInput[]>> = {
  'connections lost after accepting': [{ on: 'create', fault: { kind: 'reset', after: true }, times: 25 }],
  'connections lost before': [{ on: 'create', fault: { kind: 'reset' }, times: 25 }],
  '429 with Retry-After': [{ on: 'create', fault: { kind: 'throttle', seconds: 1 }, times: 2 }],
  'a storm of 5xx': [{ on: 'api', fault: { kind: 'status', status: 503 }, times: 100 }],
  '502 after accepting': [{ on: 'create', fault: { kind: 'status', status: 502, after: true }, times: 25 }],
  'a black hole': [{ on: 'api', fault: { kind: 'black-hole', after: true }, times: 40 }],
  'slow answers': [{ on: 'create', fault: { kind: 'drip', bytesPerSecond: 300 }, times: 25 }],
  'answers that break off': [{ on: 'api', fault: { kind: 'truncate' }, times: 60 }],
  'pages for answers': [{ on: 'api', fault: { kind: 'html' }, times: 60 }],
  'outputs that break off': [{ on: 'output', fault: { kind: 'truncate' }, times: 60 }],
  'pages for outputs': [{ on: 'output', fault: { kind: 'html' }, times: 25 }],
  'outputs that are gone': [{ on: 'run', fault: { kind: 'remove' }, times: 25 }],
  'predictions that fail': [{ on: 'run', fault: { kind: 'fail' }, times: 25 }],
  'predictions that are aborted': [{ on: 'run', fault: { kind: 'abort' }, times: 25 }],
  'predictions that do not end': [{ on: 'run', fault: { kind: 'stick' }, times: 25 }],
  'a list that is behind': [{ on: 'create', fault: { kind: 'reset', after: true }, times: 25 }],
}

test.each(Object.entries(switches))(
  '%s: two creations of a segment at most, each known and paid once',
  { timeout: 60_000 },
  async (name, faults) => {
    const fake = await startFakeReplicate({ createsPerMinute: 100_000, othersPerMinute: 1_000_000 })
    const timing = { create: 1_000, ask: 1_000, call: 2_000, cancel: 1_000 }
    const hasty = openEngines(fake, { timing })
    // Once all is well again, nothing is lost to a machine that is busy.
    const patient = openEngines(fake)
    const segments = Array.from({ length: 50 }, (_, index) => {
      const request: SpeakRequest = { text: `Segment ${index}.`, voice: 'standard', settings: {} }
      return { request, journal: createJournal() }
    })
    try {
      fake.fail(...faults)
      if (name === 'a list that is behind') fake.pace.listedAfterMs = 500
      const speakAll = async (engine: Engine | undefined, attempts: number) =>
        Promise.all(segments.map(({ request, journal }) => speakPersistently(engine!, request, journal, { attempts })))
      const first = await speakAll(hasty[0], 3)
      fake.heal()
      fake.clock.advance(500)
      // Each attempt that is left takes up what is open, and nothing is made for what has its audio.
      const made = fake.predictions.length
      const second = await speakAll(patient[0], 1)
      for (const [index, { journal, request }] of segments.entries()) {
        const creations = fake.predictions.filter(({ text }) => text === request.text)
        expect(creations.length, request.text).toBeLessThanOrEqual(mostCreations)
        if (first[index]?.speech) expect(second[index]?.speech, request.text).not.toBeNull()
        for (const { id, costMicros } of creations) {
          const entry = journal.entries.find(({ providerId }) => providerId === id)
          expect(entry?.end, `${request.text} ${id}`).toMatchObject({ costMicros })
        }
      }
      const failed = second.filter(({ speech }) => speech === null)
      // Only what may still be found, or was made twice in vain, has no audio now.
      for (const { errors } of failed) expect(['unavailable', 'Exhausted']).toContain(errors[0])
      expect(fake.predictions.length - made).toBeLessThanOrEqual(first.filter(({ speech }) => speech === null).length)
      expect(fake.running()).toEqual([])
      expect(segments.reduce((sum, { journal }) => sum + journal.costMicros, 0)).toBe(fake.billedMicros)
    } finally {
      await Promise.all([...hasty, ...patient].map((engine) => engine.close()))
      await fake.close()
    }
  },
)
