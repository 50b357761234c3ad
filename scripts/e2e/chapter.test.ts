import { readFile } from 'node:fs/promises'
import { audioFormatInfo, audioFormats } from '@loqui/audio/format'
import { decodeAudio, mostSurplusMs } from '@loqui/audio/testing'
import { client, finished, startLoqui } from '@loqui/server/testing'
import { expect, test } from 'vitest'

const loqui = await startLoqui()
const user = await loqui.user()
const api = client(loqui.url, user)
const { items: voices } = await api.voices.list.query({ language: 'en' })
const chapter = await readFile(new URL('../../packages/core/fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')

const voiceId = String(voices[0]?.id)
const { id } = await api.generations.create.mutate({ text: chapter, voiceId, title: 'Alice' })
const generation = await finished(api, id)
// What takes long to be made and decoded is made of its beginning.
const slow: ReadonlySet<string> = new Set(['opus', 'aac', 'flac'])
const page = await api.generations.create.mutate({ text: chapter.slice(0, 3_000), voiceId })
const beginning = await finished(api, page.id)

test('a chapter is as long as somebody would take to read it, and charged for that', async () => {
  const minutes = Number(generation.durationMs) / 60_000
  // 2,100 words, at 140 to 220 words a minute.
  expect(minutes).toBeGreaterThan(9.5)
  expect(minutes).toBeLessThan(15)
  expect(Math.abs(Number(generation.durationMs) - generation.estimatedMs) / generation.estimatedMs).toBeLessThan(0.25)
  expect(generation.chargedMs).toBe(generation.durationMs)
  expect(generation.durationMs).toBeLessThanOrEqual(generation.reservedMs)
})

test.each([...audioFormats])(
  'as %s it decodes to the recorded length, and speaks throughout',
  async (format) => {
    const spoken = slow.has(format) ? beginning : generation
    const response = await fetch(`${loqui.url}/api/v1/generations/${spoken.id}/audio?format=${format}`, {
      headers: { authorization: `Bearer ${user.key}` },
    })
    expect(response.headers.get('content-type')).toBe(
      audioFormatInfo[format].contentType(audioFormatInfo[format].usualSampleRate),
    )
    const { durationMs, samples, sampleRate } = await decodeAudio(await response.bytes(), format)
    expect(Math.abs(durationMs - Number(spoken.durationMs))).toBeLessThanOrEqual(1 + mostSurplusMs(format))
    for (let start = 0; start + 5 * sampleRate < samples.length; start += 5 * sampleRate) {
      const loudest = samples
        .subarray(start, start + 5 * sampleRate)
        .reduce((most, sample) => Math.max(most, sample), 0)
      expect(loudest, `five seconds from ${start / sampleRate} s`).toBeGreaterThan(1_000)
    }
  },
  120_000,
)
