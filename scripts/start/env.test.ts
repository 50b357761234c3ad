import { describe, expect, test } from 'vitest'
import { parseEnv } from './env.ts'
import { root } from './root.ts'

test('nothing set is a development installation of this machine only', () => {
  expect(parseEnv({})).toEqual({
    mode: 'development',
    http: { host: '127.0.0.1', port: 3000, publicUrl: undefined },
    dataDirectory: `${root}/.loqui`,
    databaseUrl: undefined,
    storageUrl: `file://${root}/.loqui/audio`,
    secretKey: undefined,
  })
})

test('a variable that is set to nothing is not set', () => {
  expect(parseEnv({ PORT: '', DATABASE_URL: '', SECRET_KEY: '' })).toEqual(parseEnv({}))
})

test.each([
  ['PORT', '-1'],
  ['PORT', '65536'],
  ['PORT', '80 80'],
  ['PUBLIC_URL', 'voice.example.org'],
  ['PUBLIC_URL', 'ftp://voice.example.org'],
  ['DATABASE_URL', 'mysql://user:hunter2@host/db'],
  ['NODE_ENV', 'prod'],
])('%s=%s is refused by name, and its value not repeated', (name, value) => {
  expect(() => parseEnv({ [name]: value })).toThrow(new RegExp(`^${name} must be`))
  expect(() => parseEnv({ [name]: value })).not.toThrow('hunter2')
})

test('everything that is wrong is said at once', () => {
  expect(() => parseEnv({ PORT: 'x', PUBLIC_URL: 'y' })).toThrow(/^PORT .*\nPUBLIC_URL .*$/)
})

describe('in production', () => {
  const production = (SECRET_KEY?: string) => parseEnv({ NODE_ENV: 'production', SECRET_KEY })

  test.each([
    undefined,
    'short',
    'changeme-changeme-changeme-changeme',
    'your-secret-key-your-secret-key-0',
    '0'.repeat(64),
  ])('the secret %j is refused', (secret) => {
    expect(() => production(secret)).toThrow(/^SECRET_KEY must be/)
  })

  test('a random secret is taken, and the server listens to everyone', () => {
    expect(production('q8Jx0bM3vT6nR2yLw9ZsK5dHfG7pC1aE')).toMatchObject({
      mode: 'production',
      http: { host: '0.0.0.0' },
      secretKey: 'q8Jx0bM3vT6nR2yLw9ZsK5dHfG7pC1aE',
    })
  })
})
