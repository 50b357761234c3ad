import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type FakeReplicate, startFakeReplicate } from '@loqui/fake-replicate/server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Engine, Reference, SpeakRequest } from '../engine.ts'
import { createJournal } from '../testing-journal.ts'
import { openEngines, speakPersistently } from './testing.ts'

const bytes = await readFile(new URL('../../../audio/fixtures/jfk.flac', import.meta.url))
const sha256 = createHash('sha256').update(bytes).digest('hex')
let opened = 0
const jfk: Reference = {
  sha256,
  contentType: 'audio/flac',
  durationMs: 11_000,
  async open() {
    opened++
    return (async function* () {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
    })()
  },
}

let fake: FakeReplicate
let engines: Engine[]
beforeEach(async () => {
  opened = 0
  fake = await startFakeReplicate()
  engines = openEngines(fake)
})
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()))
  await fake.close()
})

const signal = new AbortController().signal
const text = 'Ask not what your country can do for you.'
const engineOf = (id: string) => {
  const engine = engines.find((each) => each.id === id)
  if (!engine?.cloning) throw new Error(`${id} does not clone`)
  return { ...engine, cloning: engine.cloning }
}
const requestOf = (id: string, more: Partial<SpeakRequest> = {}): SpeakRequest => ({
  text,
  voice: engineOf(id).cloning.voiceFor({ pitchHz: 120, syllablesPerSecond: 4 }),
  settings: {},
  reference: jfk,
  ...more,
})
const created = () => fake.requests.filter(({ path, method }) => method === 'POST' && path.endsWith('/predictions'))

test('each model is sent the recording, the text and the settings under its own names', async () => {
  const settings = { temperature: 0.7 }
  await engineOf('chatterbox').speak(
    requestOf('chatterbox', { settings: { ...settings, exaggeration: 0.7, cfgWeight: 0.3 } }),
    { signal },
  )
  await engineOf('chatterbox-turbo').speak(
    requestOf('chatterbox-turbo', { settings: { ...settings, topP: 0.9, topK: 500, repetitionPenalty: 1.3 }, seed: 7 }),
    { signal },
  )
  await engineOf('chatterbox-multilingual').speak(
    requestOf('chatterbox-multilingual', {
      text: 'Fragt nicht,\nwas euer Land für euch tun kann.',
      settings: { ...settings, language: 'de', cfgWeight: 0 },
    }),
    { signal },
  )
  const recording = `${fake.baseUrl}/files/${fake.uploads[0]?.id}`
  const seed = expect.toSatisfy((value: number) => Number.isInteger(value) && value > 0 && value < 2 ** 31)
  expect(created().map(({ path, body }) => ({ path, body }))).toEqual([
    {
      path: '/v1/models/resemble-ai/chatterbox/predictions',
      body: {
        input: { prompt: text, audio_prompt: recording, exaggeration: 0.7, cfg_weight: 0.3, temperature: 0.7, seed },
      },
    },
    {
      path: '/v1/models/resemble-ai/chatterbox-turbo/predictions',
      body: {
        input: {
          text,
          reference_audio: recording,
          temperature: 0.7,
          top_p: 0.9,
          top_k: 500,
          repetition_penalty: 1.3,
          seed: 7,
        },
      },
    },
    {
      path: '/v1/predictions',
      body: {
        version: '9cfba4c265e685f840612be835424f8c33bdee685d7466ece7684b0d9d4c0b1c',
        input: {
          text: 'Fragt nicht, was euer Land für euch tun kann.',
          reference_audio: recording,
          language: 'de',
          cfg_weight: 0,
          temperature: 0.7,
          seed,
        },
      },
    },
  ])
  // Uploaded once, whole, under its type.
  expect([opened, fake.uploads.length]).toEqual([1, 1])
  expect(fake.uploads[0]).toMatchObject({ sha256, contentType: 'audio/flac', name: `${sha256.slice(0, 16)}.flac` })
})

test('presets are named where there are several, and not where there is one', async () => {
  for (const engine of engines) await engine.speak({ text, voice: engine.voices[0]!.id, settings: {} }, { signal })
  expect(created().map(({ body }) => body)).toMatchObject([
    { input: { prompt: text } },
    { input: { text, voice: 'Aaron' } },
    { input: { text } },
  ])
  expect(created().map(({ body }) => JSON.stringify(body).includes('voice'))).toEqual([false, true, false])
  expect(engineOf('chatterbox-turbo').voices.length).toBe(20)
})

test('many at once share one upload', async () => {
  const engine = engineOf('chatterbox')
  await Promise.all(Array.from({ length: 5 }, () => engine.speak(requestOf('chatterbox'), { signal })))
  expect([opened, fake.uploads.length, fake.predictions.length]).toEqual([1, 1, 5])
})

test('an upload that fails is no creation, and is made again the next time', async () => {
  const journal = createJournal()
  fake.fail({ on: 'upload', fault: { kind: 'status', status: 503 }, times: 1 })
  const { errors } = await speakPersistently(engineOf('chatterbox'), requestOf('chatterbox'), journal)
  expect(errors).toEqual(['unavailable'])
  expect(journal.entries.length).toBe(1)
})

test('a recording that is gone is uploaded again', async () => {
  const engine = engineOf('chatterbox')
  await engine.speak(requestOf('chatterbox'), { signal })
  const { baseUrl, token } = fake
  await fetch(`${baseUrl}/files/${fake.uploads[0]?.id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${token}` },
  })
  const { errors } = await speakPersistently(engine, requestOf('chatterbox'), createJournal())
  expect(errors).toEqual(['failed'])
  expect(fake.uploads.length).toBe(2)
})

test('a recording is refused that is too short for Turbo, not what its hash says, or missing', async () => {
  const turbo = engineOf('chatterbox-turbo')
  const short = { ...jfk, durationMs: 5_000 }
  expect(turbo.check(requestOf('chatterbox-turbo', { reference: short }))).toEqual({
    field: 'reference',
    message: 'Chatterbox Turbo needs a recording that is longer than 5 seconds.',
  })
  const refused = { code: 'invalid_input', retryable: false }
  for (const reference of [short, { ...jfk, sha256: '0'.repeat(64) }, undefined])
    await expect(turbo.speak(requestOf('chatterbox-turbo', { reference }), { signal })).rejects.toMatchObject(refused)
  expect(fake.requests).toEqual([])
  expect(turbo.check({ text, voice: 'Andy', settings: {}, reference: jfk })?.field).toBe('reference')
})

test('whoever leaves keeps nobody else from the upload they wait for', async () => {
  const engine = engineOf('chatterbox')
  const leaving = new AbortController()
  const left = engine.speak(requestOf('chatterbox'), { signal: leaving.signal })
  const stayed = engine.speak(requestOf('chatterbox'), { signal })
  leaving.abort(new Error('enough'))
  await expect(left).rejects.toThrow('enough')
  await stayed
  expect(fake.uploads.length).toBe(1)
})
