import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from '@loqui/db/embedded-port'
import { startProcess } from '@loqui/process/testing'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { client, eventually, finished, startLoqui, type TestUser } from './testing.ts'

/** Replicate, as a process of its own that outlives workers. */
const token = 'r8_of_this_test'
const main = path.join(import.meta.dirname, '../../../packages/fake-replicate/src/main.ts')
const port = await freePort()
const fake = await startProcess(main, { env: { TOKEN: token, PORT: String(port) }, onTrouble: () => undefined })
afterAll(() => fake.end('SIGTERM'))
const baseUrl = `http://127.0.0.1:${port}/v1`

const loqui = await startLoqui({ env: { REPLICATE_API_TOKEN: token, REPLICATE_BASE_URL: baseUrl } })
const { db } = loqui
const recording = await readFile(new URL('../../../packages/audio/fixtures/jfk.flac', import.meta.url))

const control = async (method: string, what: string, body?: object): Promise<unknown> => {
  const answer = await fetch(new URL(`/_control/${what}`, baseUrl), {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  expect(answer.status).toBe(200)
  return answer.json()
}

interface Made {
  readonly id: string
  readonly model: string
  readonly status: string
  readonly text: string
  readonly input: Record<string, unknown>
  readonly costMicros: number
}

/** What was made at Replicate of a text. */
const made = async (text: string) =>
  ((await control('GET', 'predictions')) as Made[]).filter((prediction) => prediction.text === text)

let text: string
let texts = 0
beforeEach(async () => {
  await control('DELETE', 'faults')
  text = `This is sentence number ${++texts} of all.`
})

/** A voice made of a real recording. */
async function clone(user: TestUser, engine: 'chatterbox' | 'chatterbox-turbo' | 'chatterbox-multilingual') {
  const form = new FormData()
  form.append('file', new File([recording], 'a voice.flac', { type: 'audio/flac' }))
  const headers = { authorization: `Bearer ${user.key}` }
  const uploaded = await fetch(`${loqui.url}/api/v1/samples`, { method: 'POST', headers, body: form })
  const sample = (await uploaded.json()) as { id: string }
  const api = client(loqui.url, user)
  const { nonce, locale, version } = await api.consents.statement.query({ locale: 'en-GB' })
  const consent = await api.consents.create.mutate({
    ...{ nonce, locale, statementVersion: version, accepted: true },
    ...{ sampleIds: [sample.id], speaker: 'other', speakerName: 'The speaker' },
  })
  return api.voices.create.mutate({ name: 'The president', sampleIds: [sample.id], consentId: consent.id, engine })
}

describe('a voice made of a real recording', () => {
  test.for([
    ['chatterbox', 'resemble-ai/chatterbox', 'prompt', 'audio_prompt'],
    ['chatterbox-turbo', 'resemble-ai/chatterbox-turbo', 'text', 'reference_audio'],
    ['chatterbox-multilingual', 'resemble-ai/chatterbox-multilingual', 'text', 'reference_audio'],
  ] as const)('is spoken by %s with what that model takes', async ([engine, model, textField, field]) => {
    const user = await loqui.user()
    const voice = await clone(user, engine)
    expect(voice).toMatchObject({ engine, fidelity: 'full', available: true, previewUrl: null })
    const api = client(loqui.url, user)
    const { id } = await api.generations.create.mutate({ text, voiceId: voice.id, format: 'wav' })
    const generation = await finished(api, id)
    const [prediction, ...others] = await made(text)
    expect(others).toEqual([])
    expect(prediction).toMatchObject({ model, status: 'succeeded', input: { [textField]: text } })
    expect(prediction?.input[field]).toMatch(/^http/)
    expect(generation.cost.actualMicros).toBe(prediction?.costMicros)
    const audio = await fetch(`${loqui.url}/api/v1/generations/${id}/audio`, {
      headers: { authorization: `Bearer ${user.key}` },
    })
    expect((await audio.arrayBuffer()).byteLength).toBeGreaterThan(10_000)
  })
})

test('a voice with a fallback is heard, though its provider has no credit, and nothing is paid', async () => {
  const user = await loqui.user()
  const voice = await clone(user, 'chatterbox')
  const api = client(loqui.url, user)
  const { fallbackVoiceId } = await api.voices.update.mutate({ id: voice.id, fallbackVoiceId: 'Stella' })
  await control('POST', 'faults', { on: 'create', fault: { kind: 'status', status: 402 }, text })
  const settings = { exaggeration: 0.8 }
  const created = await api.generations.create.mutate({ text, voiceId: voice.id, format: 'wav', settings })
  expect(created).toMatchObject({ engine: 'chatterbox', settings, fallbackVoiceId })
  expect(await finished(api, created.id)).toMatchObject({
    ...{ state: 'succeeded', engine: 'offline', settings: {}, voiceId: fallbackVoiceId, fellBackFrom: voice.id },
    cost: { predictedMicros: 0, actualMicros: 0 },
  })
  expect(await made(text)).toEqual([])
})

describe('a worker that is killed', () => {
  async function begin() {
    const user = await loqui.user()
    const api = client(loqui.url, user)
    const { items } = await api.voices.list.query({ engine: 'chatterbox' })
    const { id } = await api.generations.create.mutate({ text, voiceId: items[0]?.id ?? '', format: 'wav' })
    return { api, id }
  }
  const predictions = async (id: string) =>
    (
      await sql<{ outcome: string; belongs: string; provider_id: string | null }>`
        select outcome, belongs, provider_id from report.prediction where generation_id = ${id.slice(4)}`.execute(db)
    ).rows

  test('after Replicate accepted and before its id was heard is succeeded by one that follows what it asked for', async () => {
    await control('POST', 'faults', { on: 'create', fault: { kind: 'black-hole', after: true }, text })
    const { api, id } = await begin()
    await eventually(async () => (await made(text)).length).toBe(1)
    expect(await predictions(id)).toEqual([{ outcome: 'open', belongs: 'own', provider_id: null }])
    const [worker] = loqui.workers
    await worker?.end('SIGKILL')
    await loqui.startWorker()
    await finished(api, id)
    const [prediction, ...others] = await made(text)
    expect(others).toEqual([])
    expect(await predictions(id)).toEqual([{ outcome: 'succeeded', belongs: 'adopted', provider_id: prediction?.id }])
  }, 60_000)

  test('while Replicate speaks, too, and a cancel reaches Replicate', async () => {
    await control('POST', 'faults', { on: 'run', fault: { kind: 'stick' }, text })
    const { api, id } = await begin()
    await eventually(async () => (await predictions(id))[0]?.provider_id).toBeTruthy()
    const [worker] = loqui.workers
    await worker?.end('SIGKILL')
    await loqui.startWorker()
    await eventually(
      async () =>
        (await db.selectFrom('attempt').select('token').where('generation_id', '=', id.slice(4)).execute()).length,
      30_000,
    ).toBe(2)
    await api.generations.cancel.mutate({ id })
    await eventually(async () => (await made(text)).map(({ status }) => status)).toEqual(['canceled'])
    await eventually(async () => (await predictions(id)).map(({ outcome }) => outcome)).toEqual(['canceled'])
  }, 60_000)
})
