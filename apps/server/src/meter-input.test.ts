import { snapshot } from '@loqui/core/testing/snapshot'
import { expect, test } from 'vitest'
import { client, refusal, startLoqui } from './testing.ts'

// No worker: what was made stays as it is, so that any change is a call's.
const loqui = await startLoqui({ workers: 0 })
const [admin, other] = [await loqui.user({ role: 'admin' }), await loqui.user({ role: 'admin' })]
const person = await loqui.user({ planId: 'free' })
const api = client(loqui.url, admin)
const [voice] = (await client(loqui.url, person).voices.list.query()).items
const voiceId = String(voice?.id)
await client(loqui.url, person).generations.create.mutate({ text: 'Hello.', voiceId })
await api.admin.quota.adjust.mutate({ userId: person.id, ms: 1_000, note: 'To begin with.' })

/** What a program may send where an amount belongs, as it stands in the body and in what superjson says of it. */
const noAmounts: Record<string, { json: string; type?: string }> = {
  'half of one': { json: '0.5' },
  'a little less than one': { json: '0.9999999999999999' },
  'what a double cannot count': { json: '9007199254740993' },
  'what a bigint cannot count': { json: '9223372036854775808' },
  'more than that, below nothing': { json: '-9223372036854775809' },
  'what no number holds': { json: '1e400' },
  'not a number': { json: '"NaN"', type: 'number' },
  'infinitely much': { json: '"Infinity"', type: 'number' },
  'infinitely little': { json: '"-Infinity"', type: 'number' },
  'a bigint': { json: '"1000"', type: 'bigint' },
  'a date': { json: '"2026-01-01T00:00:00.000Z"', type: 'Date' },
  'a text': { json: '"1000"' },
  'a text in hexadecimal': { json: '"0x10"' },
  'an empty text': { json: '""' },
  truth: { json: 'true' },
  'a list of one': { json: '[1000]' },
  'an object that says a value': { json: '{"valueOf": 1000}' },
}

/** Every amount that the meter takes, in a call that is right but for it. `also`: what else is too much or too little. */
const plan = {
  id: 'made',
  name: 'Made',
  secondsPerMonth: 1,
  requestsPerMinute: 1,
  concurrency: 1,
  storageBytes: 1,
  maxCharacters: 1,
}
const budget = { userId: person.id, alertMicros: 1, limitMicros: 1_000 }
const amounts: { path: string; field: string; input: object; also: string[] }[] = [
  {
    path: 'admin.quota.adjust',
    field: 'ms',
    input: { userId: person.id, note: 'Because.' },
    also: ['0', '-0', 'null', '1000000000001', '-1000000000001', '-999999999999'],
  },
  { path: 'admin.budgets.set', field: 'alertMicros', input: budget, also: ['0', '-1', '1001', '1000000000000001'] },
  { path: 'admin.budgets.set', field: 'limitMicros', input: { ...budget, alertMicros: null }, also: ['-1'] },
  { path: 'admin.plans.upsert', field: 'secondsPerMonth', input: plan, also: ['-1', 'null', '1000000001'] },
  { path: 'admin.plans.upsert', field: 'requestsPerMinute', input: plan, also: ['0', '-1', 'null', '1000001'] },
  { path: 'admin.plans.upsert', field: 'concurrency', input: plan, also: ['0', '-1', 'null', '10001'] },
  { path: 'admin.plans.upsert', field: 'storageBytes', input: plan, also: ['-1', 'null'] },
  { path: 'admin.plans.upsert', field: 'maxCharacters', input: plan, also: ['0', '-1', 'null', '2000001'] },
]

async function send(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${loqui.url}/trpc/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${admin.key}`, ...headers },
    body,
  })
  return { status: response.status, error: (await response.json()).error?.json }
}

test.each(amounts)('$path refuses each amount that is none, naming $field, and writes nothing', async (row) => {
  const { path, field, input, also } = row
  const before = await snapshot(loqui.db)
  const values = [
    ...Object.entries(noAmounts),
    ...also.map((json): [string, { json: string; type?: string }] => [json, { json }]),
  ]
  for (const [name, { json, type }] of values) {
    const rest = Object.entries(input).filter(([key]) => key !== field)
    const fields = [
      ...rest.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`),
      `"${field}": ${json}`,
    ]
    const meta = type === undefined ? '' : `, "meta": {"values": {"${field}": ["${type}"]}}`
    const { status, error } = await send(path, `{"json": {${fields.join(', ')}}${meta}}`)
    expect({ name, status, reason: error?.data.reason }).toEqual({ name, status: 400, reason: 'invalid_input' })
    const fieldsNamed = new Set(error.data.issues.map((issue: { field: string }) => issue.field))
    expect(fieldsNamed, name).toEqual(new Set([field]))
  }
  expect(await snapshot(loqui.db)).toEqual(before)
})

test.each(amounts)('$path takes the amount that is right, so that it was $field alone that was wrong', async (row) => {
  const { path, field, input } = row
  expect((await send(path, JSON.stringify({ json: { [field]: 1_000, ...input } }))).status).toBe(200)
})

const nobody = 'usr_00000000-0000-7000-8000-000000000000'
const nothing = 'gen_00000000-0000-7000-8000-000000000000'

test('plans, users and generations that never were are refused by what they are, and nothing is written', async () => {
  const before = await snapshot(loqui.db)
  const { users, quota, budgets } = api.admin
  const refusals = [
    ['plan_not_found', () => users.update.mutate({ id: person.id, planId: 'gold' })],
    ['plan_not_found', () => users.update.mutate({ id: person.id, planId: '' })],
    ['plan_not_found', () => users.update.mutate({ id: person.id, planId: 'FREE' })],
    ['user_not_found', () => users.update.mutate({ id: nobody, planId: 'free' })],
    ['user_not_found', () => users.get.query({ id: nobody })],
    ['user_not_found', () => quota.adjust.mutate({ userId: nobody, ms: 1, note: 'Who?' })],
    ['user_not_found', () => quota.entries.query({ userId: nobody })],
    ['user_not_found', () => budgets.set.mutate({ userId: nobody, alertMicros: null, limitMicros: 1 })],
    ['generation_not_found', () => quota.refund.mutate({ generationId: nothing, note: 'What?' })],
    ['voice_not_found', () => api.generations.estimate.query({ text: 'Hi.', voiceId: nothing.replace('gen', 'voi') })],
  ] as const
  for (const [reason, call] of refusals) expect(await refusal(call())).toMatchObject({ reason, status: 404 })
  expect(await snapshot(loqui.db)).toEqual(before)
})

test('an idempotency key is its user’s and its call’s: elsewhere the same one means nothing', async () => {
  const body = JSON.stringify({ json: { userId: person.id, ms: 10, note: 'Twice is too often.' } })
  const key = { 'idempotency-key': 'the same' }
  const adjusted = async () => (await api.admin.users.get.query({ id: person.id })).usage.adjustedMs
  const first = await adjusted()
  for (let times = 0; times < 3; times++) expect((await send('admin.quota.adjust', body, key)).status).toBe(200)
  expect(await adjusted()).toBe(first + 10)
  const theirs = { ...key, authorization: `Bearer ${other.key}` }
  expect((await send('admin.quota.adjust', body, theirs)).status).toBe(200)
  expect(await adjusted()).toBe(first + 20)

  const before = await snapshot(loqui.db)
  const more = JSON.stringify({ json: { userId: person.id, ms: 11, note: 'Twice is too often.' } })
  expect(await send('admin.quota.adjust', more, key)).toMatchObject({
    status: 422,
    error: { data: { reason: 'idempotency_key_reused' } },
  })
  for (const bad of ['', 'a'.repeat(256)]) {
    expect(await send('admin.quota.adjust', body, { 'idempotency-key': bad })).toMatchObject({
      status: 400,
      error: { data: { reason: 'invalid_input', issues: [{ field: 'Idempotency-Key' }] } },
    })
  }
  expect(await snapshot(loqui.db)).toEqual(before)
  const elsewhere = JSON.stringify({ json: { text: 'Hello.', voiceId } })
  expect((await send('generations.create', elsewhere, key)).status).toBe(200)
})
