import { expect, test } from 'vitest'
import { readEnv } from './env.ts'

const SECRET_KEY = 'a secret'
const DATABASE_URL = 'postgres://loqui@localhost/loqui'

test('only the database and the secret have to be given', () => {
  const { publicUrl, ...env } = readEnv({ DATABASE_URL, SECRET_KEY })
  expect(publicUrl.href).toBe('http://localhost:3000/')
  expect(env).toEqual({
    production: false,
    port: 3000,
    host: '127.0.0.1',
    origins: ['http://localhost:3000', 'http://127.0.0.1:3000'],
    trustedProxies: [],
    databaseUrl: DATABASE_URL,
    dataDirectory: expect.stringMatching(/^\/.*\/\.loqui$/),
    storageUrl: expect.stringMatching(/^file:\/.*\/\.loqui\/audio$/),
    secret: Buffer.from(SECRET_KEY),
    connections: { socketsPerUser: 50, connectionsPerAddress: 200 },
    replicate: null,
    openaiTts: null,
    espeak: null,
    logLevel: 'info',
  })
})

test('a variable set to nothing is one not set', () => {
  const unset = Object.fromEntries(['PORT', 'HOST', 'PUBLIC_URL', 'STORAGE_URL', 'LOG_LEVEL'].map((name) => [name, '']))
  expect(readEnv({ DATABASE_URL, SECRET_KEY, ...unset })).toEqual(readEnv({ DATABASE_URL, SECRET_KEY }))
})

test('in production the server listens to everyone and trusts no other name of its machine', () => {
  const env = readEnv({
    DATABASE_URL,
    SECRET_KEY,
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://voice.example.com/studio',
  })
  expect(env).toMatchObject({ production: true, host: '0.0.0.0', origins: ['https://voice.example.com'] })
})

test('further origins are those listed', () => {
  const { origins } = readEnv({
    DATABASE_URL,
    SECRET_KEY,
    PUBLIC_URL: 'https://voice.example.com',
    ALLOWED_ORIGINS: ' https://a.example.com, ,http://localhost:5173/ ',
  })
  expect(origins).toEqual(['https://voice.example.com', 'https://a.example.com', 'http://localhost:5173'])
})

test('trusted proxies are those listed', () => {
  const { trustedProxies } = readEnv({ DATABASE_URL, SECRET_KEY, TRUSTED_PROXIES: ' 10.0.0.0/8,::1, loopback ,' })
  expect(trustedProxies).toEqual(['10.0.0.0/8', '::1', 'loopback'])
})

test.each([
  ['DATABASE_URL', undefined],
  ['DATABASE_URL', 'mysql://localhost/loqui'],
  ['DATABASE_URL', 'localhost'],
  ['PORT', 'http'],
  ['PORT', '-1'],
  ['PORT', '65536'],
  ['PORT', '80.5'],
  ['PUBLIC_URL', 'voice.example.com'],
  ['PUBLIC_URL', 'ftp://voice.example.com'],
  ['ALLOWED_ORIGINS', '*'],
  ['ALLOWED_ORIGINS', 'https://a.example.com,b.example.com'],
  ['ALLOWED_ORIGINS', 'null'],
  ['ALLOWED_ORIGINS', 'file:///tmp'],
  ['TRUSTED_PROXIES', '*'],
  ['TRUSTED_PROXIES', 'true'],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ['TRUSTED_PROXIES', '127.0.0.1,proxy.example.com'],
  ['SECRET_KEY', ''],
  ['LOG_LEVEL', 'loud'],
  ['NODE_ENV', 'staging'],
])('%s = %s is refused by its name', (name, value) => {
  expect(() => readEnv({ DATABASE_URL, SECRET_KEY, [name]: value })).toThrow(new RegExp(`^${name} `))
})

test('everything that is wrong is said at once', () => {
  expect(() => readEnv({ PORT: 'x', LOG_LEVEL: 'x' })).toThrow(/^DATABASE_URL .*\nSECRET_KEY .*\nLOG_LEVEL .*\nPORT /)
})
