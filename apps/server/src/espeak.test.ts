import path from 'node:path'
import { expect, test } from 'vitest'
import { client, eventually, finished, startLoqui } from './testing.ts'

const program = path.join(import.meta.dirname, '../../../packages/engine-espeak/src/main.ts')
const loqui = await startLoqui({ env: { ESPEAK_COMMAND: `"${process.execPath}" "${program}"` } })
const user = await loqui.user()
const api = client(loqui.url, user)

test('eSpeak’s voices are presets of more than a hundred languages, and speak a whole generation', async () => {
  const voices = async (filter: { language?: string; gender?: 'female' } = {}) =>
    (await api.voices.list.query({ engine: 'espeak', limit: 100, ...filter })).items
  await eventually(async () => (await voices()).length, 60_000).toBe(100)
  const [greek, ...others] = await voices({ language: 'el', gender: 'female' })
  expect(others).toEqual([])
  expect(greek).toMatchObject({ language: 'el', available: true, previewUrl: expect.stringContaining('/preview') })

  const text = 'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι. Πού πήγες χθες; Πήγα στο θέατρο με τη Μαρία. '.repeat(10).trim()
  const { id } = await api.generations.create.mutate({ text, voiceId: greek!.id, format: 'mp3' })
  const generation = await finished(api, id)
  expect(generation).toMatchObject({ state: 'succeeded', engine: 'espeak', cost: { actualMicros: 0 } })
  expect(generation.segments.total).toBeGreaterThan(2)
  expect(generation.durationMs).toBeGreaterThan(text.length * 30)
  expect(generation.durationMs).toBeLessThan(generation.reservedMs)
}, 120_000)
