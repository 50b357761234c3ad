import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatOf, freeName, openAudioFile } from './audio-file.ts'
import { UsageError } from './failure.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'loqui-cli-'))
})
afterEach(() => rm(directory, { recursive: true }))

const body = (...chunks: string[]) => new Response(chunks.join('')).body!
/** What a connection that breaks off gives. */
const broken = () =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(10))
      controller.error(new Error('broke off'))
    },
  })

test('the ending says the format, in any case', () => {
  expect(formatOf('a.wav')).toBe('wav')
  expect(formatOf('dir.mp3/A.FLAC')).toBe('flac')
  expect(formatOf('a.ogg')).toBe('opus')
  expect(() => formatOf('a.txt')).toThrow(UsageError)
  expect(() => formatOf('a')).toThrow('--format')
})

test('a name that nobody chose overwrites nothing', async () => {
  expect(freeName('mp3', directory)).toBe('speech.mp3')
  await writeFile(path.join(directory, 'speech.mp3'), '')
  await writeFile(path.join(directory, 'speech-2.mp3'), '')
  expect(freeName('mp3', directory)).toBe('speech-3.mp3')
})

test('a file holds all that came, and replaces the one before', async () => {
  const file = path.join(directory, 'a.wav')
  await writeFile(file, 'old and longer than what is new')
  {
    await using sink = await openAudioFile(file)
    await sink.write(body('new ', 'audio'))
  }
  expect(await readFile(file, 'utf8')).toBe('new audio')
  expect(await readdir(directory)).toEqual(['a.wav'])
})

test('what breaks off leaves no file, and the one before as it was', async () => {
  const file = path.join(directory, 'a.wav')
  await writeFile(file, 'old')
  const write = async () => {
    await using sink = await openAudioFile(file)
    await sink.write(broken())
  }
  await expect(write()).rejects.toThrow('broke off')
  expect(await readFile(file, 'utf8')).toBe('old')
  expect(await readdir(directory)).toEqual(['a.wav'])
})

test('a directory that is not there is told before anything is spoken', async () => {
  await expect(openAudioFile(path.join(directory, 'nowhere/a.wav'))).rejects.toThrow('ENOENT')
})

test('a device is written to, not replaced', async () => {
  await using sink = await openAudioFile('/dev/null')
  await sink.write(body('audio'))
  expect(await readdir('/dev')).not.toContain('null.part')
})
