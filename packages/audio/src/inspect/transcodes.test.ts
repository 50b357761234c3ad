import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Container } from './container.ts'
import { createInspector } from './create.ts'
import { findFfmpeg } from './env.ts'
import type { Inspector } from './inspector.ts'
import { decodeVoice, encode, encodeVbr, fixture, type Pcm, toMono, toRate } from './testing/voices.ts'
import { makeWav, type WavEncoding } from './testing/wav.ts'

const directory = await mkdtemp(path.join(tmpdir(), 'loqui-test-transcodes-'))
// A machine that is busy with other tests may be slower than a server may be.
const wallMs = 120_000
const inspector = createInspector({ processes: 2, wallMs })
const withoutFfmpeg = createInspector({ processes: 2, wallMs, ffmpeg: null })
afterAll(async () => {
  await Promise.all([inspector.close(), withoutFfmpeg.close()])
  await rm(directory, { recursive: true })
})

/** What a file is in truth, in the words of the inspector. */
interface Truth {
  readonly container: Container
  readonly codec: string
  readonly sampleRate: number
  readonly channels: 1 | 2
  readonly durationMs: number
}

const truth = (container: Container, codec: string, sampleRate: number, channels: 1 | 2, durationMs = 4000): Truth => ({
  container,
  codec,
  sampleRate,
  channels,
  durationMs,
})

type Fixture = readonly [file: string, ...Parameters<typeof truth>]

const fixtures: readonly Fixture[] = [
  ['jfk.flac', 'flac', 'flac', 44_100, 2, 11_000],
  ['mp3-cbr-44100-stereo.mp3', 'mp3', 'mp3', 44_100, 2, 11_000],
  ['mp3-cbr-16000-mono.mp3', 'mp3', 'mp3', 16_000, 1],
  ['mp3-vbr-44100-stereo.mp3', 'mp3', 'mp3', 44_100, 2],
  ['mp3-vbr-48000-mono.mp3', 'mp3', 'mp3', 48_000, 1],
  ['mp3-vbr-44100-mono-untagged.mp3', 'mp3', 'mp3', 44_100, 1],
  ['flac-16000-mono.flac', 'flac', 'flac', 16_000, 1],
  ['flac-16000-mono.oga', 'ogg', 'flac', 16_000, 1],
  ['opus-48000-stereo.ogg', 'ogg', 'opus', 48_000, 2],
  ['opus-48000-mono-60ms.opus', 'ogg', 'opus', 48_000, 1],
  ['vorbis-44100-stereo.ogg', 'ogg', 'vorbis', 44_100, 2],
  ['vorbis-48000-mono.ogg', 'ogg', 'vorbis', 48_000, 1],
  ['opus-48000-mono.webm', 'webm', 'opus', 48_000, 1],
  ['opus-48000-stereo-live.webm', 'webm', 'opus', 48_000, 2],
  ['vorbis-44100-mono.webm', 'webm', 'vorbis', 44_100, 1],
  ['mediarecorder-48000-mono.webm', 'webm', 'opus', 48_000, 1, 3840],
  ['mediarecorder-44100-stereo.webm', 'webm', 'opus', 48_000, 2, 3960],
  ['mediarecorder-48000-mono-whole.webm', 'webm', 'opus', 48_000, 1, 3960],
  ['mediarecorder-48000-mono.m4a', 'm4a', 'opus', 48_000, 1, 3880],
  ['opus-48000-stereo.m4a', 'm4a', 'opus', 48_000, 2],
]

const aacFixtures: readonly Fixture[] = [
  ['aac-44100-stereo.m4a', 'm4a', 'aac', 44_100, 2],
  ['aac-48000-mono-faststart.m4a', 'm4a', 'aac', 48_000, 1],
  ['aac-44100-mono-fragmented.m4a', 'm4a', 'aac', 44_100, 1],
  ['aac-48000-stereo-fragmented.m4a', 'm4a', 'aac', 48_000, 2],
  ['aac-44100-mono-half-fragmented.m4a', 'm4a', 'aac', 44_100, 1],
  ['aac-44100-mono.aac', 'aac', 'aac', 44_100, 1],
  ['aac-48000-stereo.aac', 'aac', 'aac', 48_000, 2],
]

const whole = await decodeVoice()
const voice: Pcm = { ...whole, channels: whole.channels.map((channel) => channel.subarray(0, 4 * whole.sampleRate)) }
const shapes = [44_100, 48_000].flatMap((sampleRate) => ([1, 2] as const).map((channels) => ({ sampleRate, channels })))
const shaped = ({ sampleRate, channels }: { sampleRate: number; channels: 1 | 2 }) =>
  toRate(channels === 1 ? toMono(voice) : voice, sampleRate)

/** By ffmpeg's ebur128, in LUFS: of four seconds of the voice, and of all of it. */
const loudness = { 1: { four: -13.3, all: -15.5 }, 2: { four: -10.3, all: -12.5 } }

async function expectTruth(name: string, inspect: Inspector['inspect'], expected: Truth): Promise<void> {
  await using file = await open(name)
  const { durationMs, measured, peaks, ...found } = await inspect(file)
  const { durationMs: trueMs, ...shape } = expected
  expect(found).toEqual(shape)
  expect(Math.abs(durationMs - trueMs)).toBeLessThanOrEqual(20)
  const lufs = loudness[shape.channels][trueMs === 11_000 ? 'all' : 'four']
  expect(Math.abs((measured.loudnessLufs ?? Number.NaN) - lufs)).toBeLessThan(0.5)
  expect(Math.max(...peaks)).toBeGreaterThan(150)
}

async function expectTruthOf(bytes: Uint8Array, expected: Truth): Promise<void> {
  const name = path.join(directory, crypto.randomUUID())
  await writeFile(name, bytes)
  await expectTruth(name, inspector.inspect, expected)
}

describe.concurrent('a real voice is measured right', { timeout: wallMs }, () => {
  test.for(fixtures)('in %s', ([file, ...expected]) =>
    expectTruth(fixture(file).pathname, withoutFfmpeg.inspect, truth(...expected)),
  )

  test.skipIf(findFfmpeg() === null).for(aacFixtures)('in %s', ([file, ...expected]) =>
    expectTruth(fixture(file).pathname, inspector.inspect, truth(...expected)),
  )

  test.for(shapes)('in WAV at $sampleRate Hz, channels: $channels', (shape) =>
    expectTruthOf(makeWav(shaped(shape)), truth('wav', 'pcm-s16', shape.sampleRate, shape.channels)),
  )

  test.for(['u8', 's16', 's24', 's32', 'f32', 'f64'] satisfies WavEncoding[])('in WAV of %s', async (encoding) => {
    const codec = `pcm-${encoding}`
    await expectTruthOf(makeWav({ ...voice, encoding }), truth('wav', codec, 44_100, 2))
    await expectTruthOf(makeWav({ ...voice, encoding, extensible: true }), truth('wav', codec, 44_100, 2))
  })

  test.for([0, 0xffff_ffff, 0x7fff_ffff])('in WAV whose header says it is %i bytes long: nobody knew', (length) =>
    expectTruthOf(
      makeWav({ ...voice, says: { riffLength: length, dataLength: length } }),
      truth('wav', 'pcm-s16', 44_100, 2),
    ),
  )

  test.for(shapes)('in MP3 without a tag, at $sampleRate Hz, channels: $channels', async (shape) =>
    expectTruthOf(await encodeVbr('audio/mpeg', shaped(shape)), truth('mp3', 'mp3', shape.sampleRate, shape.channels)),
  )

  test.for(shapes)('in Ogg Vorbis at $sampleRate Hz, channels: $channels', async (shape) =>
    expectTruthOf(
      await encodeVbr('audio/ogg', shaped(shape)),
      truth('ogg', 'vorbis', shape.sampleRate, shape.channels),
    ),
  )

  test.for([
    { format: 'mp3', container: 'mp3', sampleRate: 44_100, bitRate: 128 },
    { format: 'mp3', container: 'mp3', sampleRate: 48_000, bitRate: 128 },
    { format: 'flac', container: 'flac', sampleRate: 44_100, bitRate: null },
    { format: 'flac', container: 'flac', sampleRate: 48_000, bitRate: null },
    { format: 'opus', container: 'ogg', sampleRate: 48_000, bitRate: 64 },
  ] as const)(
    'in $format at $sampleRate Hz as this package makes it',
    async ({ format, container, sampleRate, bitRate }) =>
      expectTruthOf(
        await encode(format, shaped({ sampleRate, channels: 1 }), bitRate),
        truth(container, format, sampleRate, 1),
      ),
  )

  test.skipIf(findFfmpeg() === null)('in AAC as this package makes it', async () =>
    expectTruthOf(await encode('aac', shaped({ sampleRate: 48_000, channels: 1 }), 96), truth('aac', 'aac', 48_000, 1)),
  )

  test('in MP3 behind a large picture', async () => {
    const mp3 = await readFile(fixture('mp3-vbr-44100-stereo.mp3'))
    const picture = Buffer.alloc(600_000, 0xff)
    const size = [21, 14, 7, 0].map((shift) => (picture.length >> shift) & 127)
    const tagged = Buffer.concat([Buffer.from('ID3\x03\0\0', 'latin1'), Buffer.from(size), picture, mp3])
    await expectTruthOf(tagged, truth('mp3', 'mp3', 44_100, 2))
  })
})

test.for(aacFixtures)('where no ffmpeg is, %s is refused with what to send instead', async ([file, container]) => {
  await using opened = await open(fixture(file))
  await expect(withoutFfmpeg.inspect(opened)).rejects.toMatchObject({
    name: 'InspectionRefusal',
    reason: 'audio_unsupported',
    message: `The file has aac in ${container}; give wav, mp3, flac, ogg or webm.`,
  })
})
