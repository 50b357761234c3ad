import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type GlobalOptions } from './connect.ts'
import type { Env } from './env.ts'
import { UsageError } from './failure.ts'

/** A server that tells what it was sent. */
const seen: (string | undefined)[] = []
const server = createServer((request, response) => {
  seen.push(request.headers.authorization)
  response.writeHead(401).end()
})
let url: string

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

const nothing: Env = {
  url: undefined,
  apiKey: undefined,
  databaseUrl: undefined,
  credentials: null,
  configFile: '',
  config: {},
}
const credentials = (of: string) => ({ url: of, apiKey: 'of-credentials', databaseUrl: '' })

async function keySent(options: GlobalOptions, env: Env): Promise<string | undefined> {
  await connect(options, env)
    .auth.me()
    .catch(() => undefined)
  return seen.pop()
}

test('flags win over the environment, which wins over credentials', async () => {
  const env = { ...nothing, url, credentials: credentials(url) }
  expect(await keySent({}, env)).toBe('Bearer of-credentials')
  expect(await keySent({}, { ...env, apiKey: 'of-environment' })).toBe('Bearer of-environment')
  expect(await keySent({ apiKey: 'of-flag' }, { ...env, apiKey: 'of-environment' })).toBe('Bearer of-flag')
  expect(await keySent({ url }, { ...env, url: 'http://127.0.0.1:9' })).toBe('Bearer of-credentials')
  expect(await keySent({}, { ...nothing, credentials: credentials(`${url}/`) })).toBe('Bearer of-credentials')
})

test('what is configured comes last, and its key goes to no other server', async () => {
  const config = { url: `${url}/`, apiKey: 'of-config' }
  expect(await keySent({}, { ...nothing, config })).toBe('Bearer of-config')
  expect(await keySent({}, { ...nothing, config, credentials: credentials(url) })).toBe('Bearer of-credentials')
  const elsewhere = credentials('http://localhost:3000')
  expect(await keySent({ url }, { ...nothing, config, credentials: elsewhere })).toBe('Bearer of-config')
  expect(() => connect({ url: 'http://127.0.0.1:9' }, { ...nothing, config })).toThrow('Give an API key')
})

test('the key in credentials.json goes to no other server', () => {
  const env = { ...nothing, credentials: credentials('http://localhost:3000') }
  expect(() => connect({ url }, env)).toThrow(UsageError)
  expect(() => connect({ url }, env)).toThrow(`Give an API key for ${url}`)
})

test('what is missing or cannot be is said', () => {
  expect(() => connect({}, nothing)).toThrow('Say which Loqui')
  expect(() => connect({ url: 'localhost:3000', apiKey: 'k' }, nothing)).toThrow('baseUrl must be a URL')
})
