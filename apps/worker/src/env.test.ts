import { expect, test } from 'vitest'
import { readEnv } from './env.ts'

const DATABASE_URL = 'postgres://loqui@localhost/loqui'

test('only the database has to be named', () => {
  expect(readEnv({ DATABASE_URL, LOG_LEVEL: '' })).toEqual({
    databaseUrl: DATABASE_URL,
    storageUrl: expect.stringMatching(/^file:\/.*\/\.loqui\/audio$/),
    concurrency: 16,
    logLevel: 'info',
  })
})

test.each([
  ['DATABASE_URL', undefined],
  ['DATABASE_URL', 'sqlite:loqui'],
  ['WORKER_CONCURRENCY', '0'],
  ['WORKER_CONCURRENCY', 'many'],
  ['WORKER_CONCURRENCY', '1.5'],
  ['LOG_LEVEL', 'loud'],
])('%s = %s is refused by its name', (name, value) => {
  expect(() => readEnv({ DATABASE_URL, [name]: value })).toThrow(new RegExp(`^${name} `))
})
