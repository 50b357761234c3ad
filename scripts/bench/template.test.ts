import { expect, test } from 'vitest'
import { makeTemplate, type Sample } from './template.ts'
import { belongings } from './users.ts'

const voice = '01975b1e-0000-7000-8000-000000000001'

/** What a server would send for a call of this user. */
function sample(user: number, id: string, more: readonly (string | null)[] = []): Sample {
  const idempotencyKey = `key of ${user}`
  const params = [
    `{"id":"${id}","user_id":"${belongings.userId.of(user)}","voice_id":"${voice}"}`,
    belongings.secretHash.of(user),
    idempotencyKey,
    id,
    null,
    ...more,
  ]
  return { user, idempotencyKey, statements: [{ sql: 'select create($1, $2, $3, $4, $5, $6)', params }] }
}

const one = '0197f000-0000-7000-8000-00000000000a'
const other = '0197f000-0000-7000-8000-00000000000b'

test('what belongs to the user or the call is found inside parameters, and all else stays', () => {
  const [statement] = makeTemplate(sample(7, one), sample(8, other))
  expect(statement?.params).toEqual([
    [
      { always: '{"id":"' },
      { fresh: 'uuid', number: 0 },
      { always: '","user_id":"' },
      { of: 'userId' },
      { always: '","voice_id":"' },
      { always: voice },
      { always: '"}' },
    ],
    [{ of: 'secretHash' }],
    [{ fresh: 'key' }],
    [{ fresh: 'uuid', number: 0 }],
    null,
  ])
})

test('any moment does for any other', () => {
  const moments = ['2026-11-21T23:00:28.061Z', '2026-11-21T23:00:29.112Z'] as const
  const [statement] = makeTemplate(sample(7, one, [moments[0]]), sample(8, other, [moments[1]]))
  expect(statement?.params[5]).toEqual([{ always: moments[0] }])
})

test('a difference that nobody knows is refused by its place', () => {
  const make = () => makeTemplate(sample(7, one, ['yes']), sample(8, other, ['no']))
  expect(make).toThrow(/^parameter 6 of “select create/)
})

test('calls that send different statements have no template', () => {
  const further = sample(8, other)
  const statements = [...further.statements, { sql: 'commit', params: [] }]
  expect(() => makeTemplate(sample(7, one), { ...further, statements })).toThrow(/different statements/)
})
