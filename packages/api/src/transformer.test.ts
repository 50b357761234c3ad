import fc from 'fast-check'
import superjson from 'superjson'
import { expect, test } from 'vitest'
import { transformer } from './transformer.ts'

const twice = { id: 'voi_1' }
const examples = [
  { at: new Date(0), of: new Map([['a', 1n]]) },
  { voices: [twice, twice] },
  { not: undefined },
  [-0, Number.NaN, Number.POSITIVE_INFINITY],
  Object.assign(Object.create(null), { a: 1 }),
  new (class Voice {
    id = 'voi_1'
  })(),
  [new String('boxed'), Object('boxed')],
  { toJSON: () => 'something else' },
]

test('whatever is sent, it goes on the wire as superjson writes it, and comes back as it was', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
  })
  fc.assert(
    fc.property(fc.oneof(anything, fc.jsonValue()), (value) => {
      const written = attempt(() => JSON.stringify(transformer.output.serialize(value)))
      expect(written).toEqual(attempt(() => JSON.stringify(superjson.serialize(value))))
      if (typeof written !== 'string') return
      expect(transformer.output.deserialize(JSON.parse(written))).toEqual(superjson.deserialize(JSON.parse(written)))
    }),
    { numRuns: 2_000, examples: examples.map((value) => [value]) },
  )
})

test.each(['__proto__', 'constructor', 'prototype'])('an object with %s is not sent', (name) => {
  const value = JSON.parse(`{"a":[{"${name}":1}]}`)
  expect(() => transformer.output.serialize(value)).toThrow(name)
})

test('plain JSON is handed on as it is', () => {
  const value = { plans: [{ id: 'free', seconds: 600 }], next: null }
  expect(transformer.output.serialize(value).json).toBe(value)
})

const read = (sent: unknown) => transformer.input.deserialize(sent)

test('an input is read as superjson wrote it, with what is not given, dates and what is no number of JSON', () => {
  const shared = { fold: true }
  for (const input of [
    undefined,
    { voiceId: 'voi_1', seed: undefined, settings: { speed: Number.NaN, pitch: 2n }, since: new Date(0) },
    { first: shared, second: shared },
    null,
    [1, 'two'],
  ]) {
    expect(read(JSON.parse(superjson.stringify(input)))).toEqual(input)
  }
})

test.each([
  ['no object', 'text'],
  ['a map', superjson.serialize(new Map([['a', 1]]))],
  ['maps in a map', { json: [[0, 1]], meta: { values: ['map', { '0': ['URL'] }] } }],
  ['more than is said of any input', { json: {}, meta: { values: { ['.'.repeat(5_000)]: ['undefined'] } } }],
  ['a number of a hundred thousand digits', { json: '1'.repeat(100_000), meta: { values: ['bigint'] } }],
  ['no annotations', { json: {}, meta: 'v1' }],
])('%s is no input', (_, sent) => {
  expect(() => read(sent)).toThrow()
})

function attempt<Result>(make: () => Result): Result | { failed: string } {
  try {
    return make()
  } catch (error) {
    return { failed: String(error) }
  }
}
