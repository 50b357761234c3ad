import { sendError, sendWav, startTtsServer, toneFor } from '@loqui/engines/openai/testing'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { client, eventually, finished, startLoqui } from './testing.ts'

/** A TTS server of an operator's own, at an address where it can be gone and come back. */
let tts = await startTtsServer()
const port = Number(new URL(tts.baseUrl).port)
afterAll(() => tts.close())

const loqui = await startLoqui({ env: { OPENAI_TTS_BASE_URL: tts.baseUrl, OPENAI_TTS_PRICE: '0.015' } })
const user = await loqui.user()
const api = client(loqui.url, user)
const admin = client(loqui.url, await loqui.user({ role: 'admin' }))

const voices = async () => (await api.voices.list.query({ engine: 'openai' })).items
const report = async () => (await admin.monitoring.engines.query()).find(({ id }) => id === 'openai')

beforeEach(() => {
  tts.onSpeech = ({ body }, answer) => sendWav(answer, toneFor(body))
})

describe('an OpenAI-compatible TTS server', () => {
  test('has its voices among the presets, and speaks a whole generation with one', async () => {
    await eventually(async () => (await voices()).length).toBe(1)
    const [voice] = await voices()
    expect(voice).toMatchObject({
      name: 'Heart',
      language: 'en-US',
      gender: 'female',
      available: true,
      previewUrl: null,
    })

    const paragraph = 'One sentence is said here, and it is not a short one. Another sentence follows it at once. '
    const text = paragraph.repeat(10).trim()
    const settings = { speed: 1.25 }
    const { id } = await api.generations.create.mutate({ text, voiceId: voice!.id, format: 'wav', settings })
    const generation = await finished(api, id)
    expect(generation.state).toBe('succeeded')
    const speeches = tts.asked.filter(({ path }) => path === '/audio/speech').map(({ body }) => body)
    expect(speeches.map(({ input }) => input?.length ?? 0).reduce((sum, length) => sum + length, 0)).toBeGreaterThan(
      text.length - speeches.length,
    )
    for (const body of speeches) expect(body).toMatchObject({ voice: 'af_heart', speed: 1.25, model: 'tts-1' })
    expect(generation.durationMs).toBeGreaterThan(text.length * 40)
    // 15 micro-dollars a character, of what was sent.
    const characters = speeches.reduce((sum, { input }) => sum + (input?.length ?? 0), 0)
    expect(generation.cost.actualMicros).toBe(15 * characters)
    const audio = await fetch(`${loqui.url}/api/v1/generations/${id}/audio`, {
      headers: { authorization: `Bearer ${user.key}` },
    })
    expect((await audio.arrayBuffer()).byteLength).toBeGreaterThan(100_000)
    expect(await report()).toMatchObject({ configured: true, waiting: 0, segments: { stored: speeches.length } })
  }, 60_000)

  test('that answers with errors lets what is to be spoken wait, charged nothing, until it works again', async () => {
    tts.onSpeech = (_, answer) => sendError(answer, 503, { detail: 'loading the model' })
    const [voice] = await voices()
    const { id } = await api.generations.create.mutate({ text: 'This one waits.', voiceId: voice!.id, format: 'wav' })
    await eventually(async () => (await report())?.waiting, 30_000).toBe(1)
    expect(await api.generations.get.query({ id })).toMatchObject({ state: 'running', chargedMs: null })
    tts.onSpeech = ({ body }, answer) => sendWav(answer, toneFor(body))
    expect(await finished(api, id)).toMatchObject({ state: 'succeeded', cost: { actualMicros: 15 * 15 } })
  }, 90_000)

  test('that is not there when Loqui starts keeps nobody waiting: its voices are those it had', async () => {
    await tts.close()
    const server = await loqui.startServer()
    const { items } = await client(server.url, user).voices.list.query({ engine: 'openai', available: true })
    expect(items.map(({ name }) => name)).toEqual(['Heart'])
    tts = await startTtsServer(port)
  }, 60_000)
})
