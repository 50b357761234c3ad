import { expect, test } from 'vitest'
import { readEnv } from './env.ts'

const SECRET_KEY = 'a secret'
const DATABASE_URL = 'postgres://loqui@localhost/loqui'

test('only the database and the secret have to be given', () => {
  expect(readEnv({ DATABASE_URL, SECRET_KEY, LOG_LEVEL: '' })).toEqual({
    databaseUrl: DATABASE_URL,
    dataDirectory: expect.stringMatching(/^\/.*\/\.loqui$/),
    storageUrl: expect.stringMatching(/^file:\/.*\/\.loqui\/audio$/),
    concurrency: 16,
    secret: Buffer.from(SECRET_KEY),
    replicate: null,
    openaiTts: null,
    espeak: null,
    logLevel: 'info',
  })
})

test.each([
  ['DATABASE_URL', undefined],
  ['DATABASE_URL', 'sqlite:loqui'],
  ['WORKER_CONCURRENCY', '0'],
  ['WORKER_CONCURRENCY', 'many'],
  ['WORKER_CONCURRENCY', '1.5'],
  ['SECRET_KEY', ''],
  ['LOG_LEVEL', 'loud'],
])('%s = %s is refused by its name', (name, value) => {
  expect(() => readEnv({ DATABASE_URL, SECRET_KEY, [name]: value })).toThrow(new RegExp(`^${name} `))
})
