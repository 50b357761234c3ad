import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { commonVariables, EnvError, parseVariables, toCommonEnv } from './env.ts'

const schema = z.object(commonVariables)
const DATABASE_URL = 'postgres://localhost/loqui'
const SECRET_KEY = 'a secret'

test('what is not set, or set to nothing, has its default', () => {
  const env = toCommonEnv(
    parseVariables(schema, { DATABASE_URL, SECRET_KEY, LOG_LEVEL: '', LOQUI_DATA_DIR: '/var/my loqui' }),
  )
  expect(env).toEqual({
    databaseUrl: DATABASE_URL,
    dataDirectory: '/var/my loqui',
    storageUrl: 'file:///var/my%20loqui/audio',
    secret: Buffer.from(SECRET_KEY),
    replicate: null,
    openaiTts: null,
    espeak: null,
    logLevel: 'info',
  })
})

test('every wrong variable is named, and no value is told', () => {
  const read = () => parseVariables(schema, { DATABASE_URL: 'mysql://user:secret@host/db', LOG_LEVEL: 'loud' })
  expect(read).toThrow(EnvError)
  expect(read).toThrow(/^DATABASE_URL must be an address .*\nSECRET_KEY must be set.*\nLOG_LEVEL /)
  expect(read).not.toThrow(/secret/)
})

test('Replicate is spoken with where there is a token', () => {
  const given = {
    DATABASE_URL: 'postgres://loqui@localhost/loqui',
    SECRET_KEY: 'a secret',
    REPLICATE_API_TOKEN: 'r8_token',
    REPLICATE_BASE_URL: 'http://127.0.0.1:4000/v1/',
    PUBLIC_URL: 'https://voice.example.com',
  }
  const read = (variables: Record<string, string>) => toCommonEnv(parseVariables(z.object(commonVariables), variables))
  expect(read(given).replicate).toEqual({
    token: 'r8_token',
    baseUrl: 'http://127.0.0.1:4000/v1',
    publicUrl: 'https://voice.example.com',
  })
  expect(() => read({ ...given, REPLICATE_BASE_URL: 'replicate' })).toThrow(/^REPLICATE_BASE_URL /)
})

describe('engines of one’s own', () => {
  const read = (variables: Record<string, string>) =>
    toCommonEnv(parseVariables(schema, { DATABASE_URL, SECRET_KEY, ...variables }))

  test('an OpenAI-compatible TTS server is spoken with where there is an address', () => {
    expect(read({ OPENAI_TTS_API_KEY: 'sk-secret' }).openaiTts).toBeNull()
    expect(read({ OPENAI_TTS_BASE_URL: 'http://localhost:8880/v1/' }).openaiTts).toEqual({
      baseUrl: 'http://localhost:8880/v1',
      apiKey: undefined,
      model: undefined,
      voices: undefined,
      microsPerCharacter: 0,
    })
    const all = { OPENAI_TTS_API_KEY: 'sk-secret', OPENAI_TTS_MODEL: 'kokoro', OPENAI_TTS_VOICES: 'Karl, Rosa,' }
    expect(
      read({ OPENAI_TTS_BASE_URL: 'https://tts.example.com/v1', OPENAI_TTS_PRICE: '0.015', ...all }).openaiTts,
    ).toEqual({
      baseUrl: 'https://tts.example.com/v1',
      apiKey: 'sk-secret',
      model: 'kokoro',
      voices: ['Karl', 'Rosa'],
      microsPerCharacter: 15,
    })
    expect(() => read({ OPENAI_TTS_BASE_URL: 'kokoro' })).toThrow(/^OPENAI_TTS_BASE_URL must be an address/)
    expect(() => read({ OPENAI_TTS_PRICE: 'free' })).toThrow(/^OPENAI_TTS_PRICE must be a number/)
  })

  test.each<[string, string[] | null]>([
    ['  ', null],
    ['espeak', ['espeak']],
    ['node packages/engine-espeak/src/main.ts', ['node', 'packages/engine-espeak/src/main.ts']],
    [`"/opt/my espeak/run" --voices='a b' c"d e"f`, ['/opt/my espeak/run', '--voices=a b', 'cd ef']],
    ['"" x', ['', 'x']],
  ])('eSpeak is started by the command %j', (ESPEAK_COMMAND, command) => {
    expect(read({ ESPEAK_COMMAND, PATH: '/usr/bin' }).espeak).toEqual(command && { command, path: '/usr/bin' })
  })

  test('a quote that does not end is none', () => {
    expect(() => read({ ESPEAK_COMMAND: 'node "main.ts' })).toThrow(/^ESPEAK_COMMAND must be a command line/)
  })
})
