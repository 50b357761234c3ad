import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readEnv } from './env.ts'
import { UsageError } from './failure.ts'

const credentials = { url: 'http://localhost:3000', apiKey: 'loqui_live_1', databaseUrl: 'postgres://localhost/loqui' }
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'loqui-cli-'))
  await mkdir(path.join(directory, '.loqui'))
  await mkdir(path.join(directory, 'chapters/one'), { recursive: true })
  await write(JSON.stringify({ ...credentials, email: 'admin@loqui.local', password: 'secret' }))
})
afterEach(() => rm(directory, { recursive: true }))

const write = (content: string) => writeFile(path.join(directory, '.loqui/credentials.json'), content)

test('credentials are found here and in the directories above', () => {
  expect(readEnv({}, directory).credentials).toEqual(credentials)
  expect(readEnv({}, path.join(directory, 'chapters/one')).credentials).toEqual(credentials)
})

test('LOQUI_DATA_DIR says where they are instead', () => {
  expect(readEnv({ LOQUI_DATA_DIR: path.join(directory, '.loqui') }, '/').credentials).toEqual(credentials)
  expect(readEnv({ LOQUI_DATA_DIR: 'elsewhere' }, directory).credentials).toBeNull()
})

test('a variable that is set to nothing is not set', () => {
  const nothing = { LOQUI_URL: '', LOQUI_API_KEY: '', DATABASE_URL: '', LOQUI_DATA_DIR: '', LOQUI_CONFIG: '' }
  expect(readEnv({ ...nothing, XDG_CONFIG_HOME: '', HOME: directory }, directory)).toEqual({
    url: undefined,
    apiKey: undefined,
    databaseUrl: undefined,
    credentials,
    configFile: path.join(directory, '.config/loqui/config.json'),
    config: {},
  })
})

test.each(['{', '{}', '{"url":1,"apiKey":"","databaseUrl":""}'])(
  'credentials that hold %s are named',
  async (content) => {
    await write(content)
    expect(() => readEnv({}, directory)).toThrow(UsageError)
    expect(() => readEnv({}, directory)).toThrow(path.join(directory, '.loqui/credentials.json'))
  },
)
