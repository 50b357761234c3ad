import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { platform, tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createInspector } from './create.ts'
import { limits } from './limits.ts'
import { childrenOf } from './testing/processes.ts'
import { fixture, hum } from './testing/voices.ts'
import { makeWav } from './testing/wav.ts'

const directory = await mkdtemp(path.join(tmpdir(), 'loqui-test-inspector-'))
const wallMs = 120_000
afterAll(() => rm(directory, { recursive: true }))

const voice = await write('voice.wav', makeWav({ sampleRate: 16_000, channels: [hum(16_000, 1.5)] }))
const aac = fixture('aac-44100-mono.aac').pathname

async function write(name: string, content: Uint8Array | string): Promise<string> {
  const file = path.join(directory, name)
  await writeFile(file, content)
  return file
}

/** A program in the place of ffmpeg. */
async function program(name: string, script: string): Promise<string> {
  const file = await write(name, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o700)
  return file
}

/** Neither reads nor answers, as a decoder that hangs. */
const hanging = await program('hanging', 'exec sleep 1000')

const running = () => expect.poll(() => childrenOf(process.pid), { timeout: wallMs, interval: 20 })
const tellsProcesses = platform() === 'linux'

test('a file is measured by its content, wherever it was read to before', async () => {
  await using inspector = closing({ processes: 1, wallMs })
  await using file = await open(voice)
  await file.read(Buffer.alloc(1000))
  for (const _ of [1, 2]) {
    expect(await inspector.inspect(file)).toMatchObject({ container: 'wav', codec: 'pcm-s16', durationMs: 1500 })
  }
  expect((await file.read(Buffer.alloc(1000))).bytesRead).toBe(1000)
})

describe('what hangs', () => {
  test('is ended after as long as it may take, and says so', async () => {
    await using inspector = closing({ processes: 1, ffmpeg: hanging, wallMs: 1500 })
    await using file = await open(aac)
    await expect(inspector.inspect(file)).rejects.toMatchObject({
      reason: 'audio_too_complex',
      message: 'The file takes more than 1.5 s to inspect.',
    })
    expect(await childrenOf(process.pid)).toEqual([])
  })

  test('is ended when nobody waits for it any more', async () => {
    await using inspector = closing({ processes: 1, ffmpeg: hanging, wallMs })
    await using file = await open(aac)
    const leaving = new AbortController()
    const inspected = inspector.inspect(file, { signal: leaving.signal })
    inspected.catch(() => {})
    if (tellsProcesses) await running().toHaveLength(2)
    leaving.abort(new Error('gone'))
    await expect(inspected).rejects.toThrow('gone')
    expect(await childrenOf(process.pid)).toEqual([])
  })

  test('is ended with the inspector, as is what waits in line', async () => {
    const inspector = createInspector({ processes: 1, ffmpeg: hanging, wallMs })
    await using file = await open(aac)
    const all = [1, 2, 3].map(() => inspector.inspect(file))
    for (const one of all) one.catch(() => {})
    if (tellsProcesses) await running().toHaveLength(2)
    await inspector.close()
    expect(await childrenOf(process.pid)).toEqual([])
    for (const one of all) await expect(one).rejects.toThrow('The inspector was closed')
    await expect(inspector.inspect(file)).rejects.toThrow('The inspector was closed')
  })

  test('keeps others waiting, who may leave the line at once, until it is gone', async () => {
    await using inspector = closing({ processes: 1, ffmpeg: hanging, wallMs })
    await using file = await open(aac)
    const [hangs, waits] = [new AbortController(), new AbortController()]
    const order: string[] = []
    const first = inspector.inspect(file, { signal: hangs.signal }).catch(() => order.push('first'))
    await using other = await open(voice)
    const second = inspector.inspect(other, { signal: waits.signal }).catch(() => order.push('second'))
    const third = inspector.inspect(other).then(() => order.push('third'))
    waits.abort()
    await second
    if (tellsProcesses) await running().toHaveLength(2)
    hangs.abort()
    await Promise.all([first, third])
    expect(order).toEqual(['second', 'first', 'third'])
  })
})

test('whoever has left already is not begun for', async () => {
  await using inspector = closing({ processes: 1, wallMs })
  await using file = await open(voice)
  await expect(inspector.inspect(file, { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone')
})

describe('a program in the place of ffmpeg', () => {
  const waveHead = (sampleRate: number, channels: number) =>
    makeWav({ sampleRate, channels: Array.from({ length: channels }, () => []), encoding: 'f32' })
  const answering = async (name: string, head: Uint8Array, source: string) =>
    await program(name, `cat ${await write(`${name}.head`, head)}; ${source}`)

  test.for([
    ['that is not there', async () => path.join(directory, 'nowhere'), 'audio_unsupported', /cannot decode; give wav/],
    ['that is no program', async () => await write('text', 'text'), 'audio_unsupported', /cannot decode; give wav/],
    ['that says nothing', () => program('silent', 'exit 0'), 'audio_undecodable', /cannot be decoded/],
    ['that talks nonsense', () => program('nonsense', 'cat /bin/sh'), 'audio_undecodable', /cannot be decoded/],
    [
      'that gives less than there is',
      () => answering('less', waveHead(44_100, 1), 'head -c 40000 /dev/zero'),
      'audio_undecodable',
      /cannot be decoded/,
    ],
    [
      'that never ends',
      () => answering('endless', waveHead(44_100, 1), 'cat /dev/zero'),
      'audio_undecodable',
      /cannot be decoded/,
    ],
    [
      'that gives a thousand channels',
      () => answering('wide', waveHead(44_100, 1000), 'cat /dev/zero'),
      'audio_unsupported',
      /has 1000 channels; give 1 to 8/,
    ],
  ] as const)('%s is not believed', async ([, make, reason, message]) => {
    await using inspector = closing({ processes: 1, ffmpeg: await make(), wallMs })
    await using file = await open(aac)
    await expect(inspector.inspect(file)).rejects.toMatchObject({ reason, message: expect.stringMatching(message) })
    expect(await childrenOf(process.pid)).toEqual([])
  })

  test('is not started for what is no AAC, behind a tag as well', async () => {
    await using inspector = closing({ processes: 1, ffmpeg: hanging, wallMs })
    for (const name of ['mp3-cbr-44100-stereo.mp3', 'jfk.flac', 'opus-48000-stereo.ogg']) {
      await using file = await open(fixture(name))
      expect((await inspector.inspect(file)).durationMs).toBeGreaterThan(3000)
    }
  })
})

test.for([0, -1, 1.5, Number.NaN])('%d processes are none', (processes) => {
  expect(() => createInspector({ processes })).toThrow('processes must be an integer from 1')
})

test('an answer is to be had within fifteen seconds', () => {
  expect(limits.wallMs).toBeLessThanOrEqual(15_000)
})

function closing(options: Parameters<typeof createInspector>[0]) {
  const inspector = createInspector(options)
  return { inspect: inspector.inspect, [Symbol.asyncDispose]: () => inspector.close() }
}
