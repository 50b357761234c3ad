import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ReplicateFailure } from './failure.ts'
import { createGate } from './gate.ts'

const never = new AbortController().signal

test('after a 429 a creation that was not sent lets the others come no other way than one at a time', async () => {
  const gate = createGate(60_000)
  const answers = [
    new ReplicateFailure('throttled', { kind: 'answered', status: 429, retryAfterMs: 0 }),
    new Error('nobody wants it any more'),
  ]
  await expect(gate.pass(never, () => Promise.reject(answers.shift()))).rejects.toThrow('nobody wants it')
  const first = Promise.withResolvers<object>()
  const begun: string[] = []
  const passing = [
    gate.pass(never, () => {
      begun.push('first')
      return first.promise
    }),
    gate.pass(never, async () => {
      begun.push('second')
      return {}
    }),
  ]
  await setImmediate()
  expect(begun).toEqual(['first'])
  first.resolve({})
  await Promise.all(passing)
  expect(begun).toEqual(['first', 'second'])
})
