import { type AudioFormat, audioFormatInfo, audioFormats } from '@loqui/audio/format'
import { takenRates } from '@loqui/audio/output'
import { bestLag, correlation, decodeAudio, mostSurplusMs } from '@loqui/audio/testing'
import { isRaw, readHeader } from '@loqui/audio/testing-header'
import { expect, test } from 'vitest'
import { client, finished, refusal, startLoqui } from './testing.ts'

const loqui = await startLoqui()
const ada = await loqui.user()
const api = client(loqui.url, ada)
const [voice] = (await api.voices.list.query()).items
const voiceId = String(voice?.id)
const title = 'Down the Rabbit-Hole — 1'
const text = 'Alice was beginning to get very tired. Once or twice she had peeped.'

type Asked = { format?: AudioFormat; sampleRate?: number; bitRate?: number; loudness?: number | null }
const make = async (asked: Asked) => {
  const { id } = await api.generations.create.mutate({ text, title, voiceId, ...asked })
  return finished(api, id)
}
const generation = await make({ format: 'wav' })
const durationMs = Number(generation.durationMs)

async function download(asked: Record<string, string | number> = {}, id = generation.id) {
  const query = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]))
  const headers = { authorization: `Bearer ${ada.key}` }
  const response = await fetch(`${loqui.url}/api/v1/generations/${id}/audio?${query}`, { headers })
  expect(response.status).toBe(200)
  return { response, bytes: await response.bytes() }
}

const speech = new Map<number, Promise<Int16Array>>()
/** The speech as it is at a rate. */
function speechAt(sampleRate: number): Promise<Int16Array> {
  const known = speech.get(sampleRate)
  const read = async () =>
    (await decodeAudio((await download({ format: 'pcm', sampleRate })).bytes, 'pcm', sampleRate)).samples
  const samples = known ?? read()
  speech.set(sampleRate, samples)
  return samples
}

const lossy: readonly AudioFormat[] = ['mp3', 'opus', 'aac', 'ulaw', 'alaw']

/** That a file is the speech at a rate, as long as was charged, and says so. */
async function expectSpeech(bytes: Uint8Array<ArrayBuffer>, format: AudioFormat, sampleRate: number): Promise<void> {
  const expected = await speechAt(sampleRate)
  const decoded = await decodeAudio(bytes, format, sampleRate)
  const every = decoded.sampleRate / sampleRate
  const samples = expected.map((_, n) => decoded.samples[n * every] as number)
  if (lossy.includes(format)) {
    const lag = bestLag(expected, samples)
    expect(correlation(expected, samples, lag)).toBeGreaterThan(0.95)
    expect(Math.abs(lag) / sampleRate).toBeLessThan(0.0001)
  } else {
    expect(samples).toEqual(expected)
  }
  if (format !== 'aac') expect(decoded.samples.length).toBe(expected.length * every)
  expect(decoded.durationMs - durationMs).toBeGreaterThan(-1)
  expect(decoded.durationMs - durationMs).toBeLessThan(1 + mostSurplusMs(format, sampleRate))
  if (isRaw(format)) return
  const header = await readHeader(bytes, format)
  expect(header).toMatchObject({ channels: 1, sampleRate: decoded.sampleRate })
  expect(Math.abs(header.seconds * 1_000 - decoded.durationMs)).toBeLessThan(1)
  if (format !== 'aac') expect(header).toMatchObject({ title, voice: voice?.name, comment: 'AI-generated' })
}

const contentTypes: Record<AudioFormat, (sampleRate: number) => string> = {
  wav: () => 'audio/wav',
  mp3: () => 'audio/mpeg',
  opus: () => 'audio/ogg; codecs=opus',
  flac: () => 'audio/flac',
  aac: () => 'audio/aac',
  pcm: (sampleRate) => `audio/pcm; rate=${sampleRate}; channels=1`,
  ulaw: (sampleRate) => `audio/PCMU; rate=${sampleRate}; channels=1`,
  alaw: (sampleRate) => `audio/PCMA; rate=${sampleRate}; channels=1`,
}

const ways = audioFormats.flatMap((format) => {
  const rates = takenRates(format)
  const chosen = new Set([rates.at(0), audioFormatInfo[format].usualSampleRate, rates.at(-1)])
  return [...chosen].flatMap((sampleRate) => (sampleRate === undefined ? [] : { format, sampleRate }))
})

test.each(ways)(
  'as $format at $sampleRate Hz it is the same speech, says how long it is and what it is',
  async (way) => {
    const { response, bytes } = await download(way)
    expect(response.headers.get('content-type')).toBe(contentTypes[way.format](way.sampleRate))
    expect(response.headers.get('content-disposition')).toMatch(new RegExp(`\\.${way.format}$`))
    await expectSpeech(bytes, way.format, way.sampleRate)
  },
)

test('at another rate it is the same speech: lower, higher, and as it was made, which is the rate of the voice', async () => {
  expect(generation.sampleRate).toBe(16_000)
  const own = (await decodeAudio((await download()).bytes, 'wav')).samples
  expect(Buffer.compare(Buffer.from((await speechAt(16_000)).buffer), Buffer.from(own.buffer))).toBe(0)
  const higher = await speechAt(48_000)
  expect(
    correlation(
      own,
      own.map((_, n) => higher[3 * n] as number),
    ),
  ).toBeGreaterThan(0.999)
  const lower = await speechAt(8_000)
  // Two samples are one, which the mean of it and its neighbours is near to.
  const means = lower.map((_, n) => [-1, 0, 0, 1].reduce((sum, each) => sum + (own[2 * n + each] ?? 0) / 4, 0))
  expect(correlation(lower, means)).toBeGreaterThan(0.95)
})

test.each([
  { format: 'wav', sampleRate: 8_000 },
  { format: 'mp3', sampleRate: 44_100, bitRate: 192 },
  { format: 'opus', sampleRate: 48_000, bitRate: 96 },
  { format: 'flac', sampleRate: 16_000 },
  { format: 'aac', sampleRate: 48_000, bitRate: 64 },
  { format: 'pcm', sampleRate: 16_000 },
  { format: 'ulaw', sampleRate: 8_000 },
  { format: 'alaw', sampleRate: 16_000 },
] as const)('made as %o it is that, as long, and charged as much', async (asked) => {
  const made = await make(asked)
  expect(made).toMatchObject({ bitRate: null, loudness: null, ...asked, durationMs, chargedMs: durationMs })
  expect((await api.generations.list.query()).items.find(({ id }) => id === made.id)).toMatchObject(asked)
  const { response, bytes } = await download({}, made.id)
  expect(response.headers.get('content-type')).toBe(contentTypes[asked.format](asked.sampleRate))
  await expectSpeech(bytes, asked.format, asked.sampleRate)
})

test('a bit rate is how large it is', async () => {
  const sizes = []
  for (const bitRate of [32, 64, 128]) sizes.push((await download({ format: 'mp3', bitRate })).bytes.length)
  const [small, middle, large] = sizes as [number, number, number]
  expect(middle / small).toBeCloseTo(2, 0)
  expect(large / middle).toBeCloseTo(2, 0)
})

test('a loudness asked for is kept to, also in another format, until it is asked for as spoken', async () => {
  const made = await make({ format: 'wav', loudness: -30 })
  expect(made).toMatchObject({ loudness: -30, durationMs, chargedMs: durationMs })
  const level = async (asked: Record<string, string | number>, id = made.id) => {
    const { bytes } = await download({ format: 'flac', ...asked }, id)
    const { samples } = await decodeAudio(bytes, 'flac')
    return 10 * Math.log10(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length)
  }
  const own = await level({})
  expect((await level({ loudness: -24 })) - own).toBeCloseTo(6, 0)
  expect(await level({ loudness: 'none' })).toBe(await level({}, generation.id))
})

test('a link opens it as it was asked for, and not otherwise', async () => {
  const asked = { format: 'mp3', sampleRate: 22_050, bitRate: 48, loudness: -16 } as const
  const { url } = await api.generations.link.mutate({ id: generation.id, ...asked })
  const linked = await fetch(url.replace(/^https?:\/\/[^/]+/, loqui.url))
  expect(linked.status).toBe(200)
  expect(linked.headers.get('cache-control')).toBe('public, no-cache')
  expect(Buffer.from(await linked.bytes()).equals((await download(asked)).bytes)).toBe(true)

  const altered = await fetch(url.replace(/^https?:\/\/[^/]+/, loqui.url).replace('bitRate=48', 'bitRate=64'))
  expect(altered.status).toBe(403)
  expect(await altered.json()).toMatchObject({ reason: 'link_invalid' })

  const spoken = await api.generations.link.mutate({ id: generation.id, sampleRate: null, loudness: null })
  expect(new URL(spoken.url).searchParams.get('loudness')).toBe('none')
  expect(new URL(spoken.url).searchParams.has('sampleRate')).toBe(false)
  expect((await fetch(spoken.url.replace(/^https?:\/\/[^/]+/, loqui.url))).headers.get('content-type')).toBe(
    'audio/wav',
  )
})

test('what a format does not take is refused by the name of the field, wherever it is asked for', async () => {
  const asked = { format: 'opus', sampleRate: 44_100 } as const
  const message = 'sampleRate: opus takes 8000, 16000, 24000, or 48000 Hz, not 44100.'
  const refused = { reason: 'invalid_input', status: 400, message }
  expect(await refusal(api.generations.create.mutate({ text, voiceId, ...asked }))).toEqual(refused)
  expect(await refusal(api.generations.estimate.query({ text, voiceId, ...asked }))).toEqual(refused)
  expect(await refusal(api.generations.link.mutate({ id: generation.id, ...asked }))).toEqual(refused)
})
