import path from 'node:path'
import type { SpeakerCommand } from './child.ts'
import { createEspeakEngine, type EspeakOptions } from './engine.ts'

/** The real program, as people start it. */
export const espeak: SpeakerCommand = {
  command: [process.execPath, path.join(import.meta.dirname, '../../../engine-espeak/src/main.ts')],
  path: process.env.PATH ?? '',
}

/** A program of a test's own, which has `frame(message, samples)` and `orders(each)` to speak the protocol with, or not. */
export const program = (source: string): SpeakerCommand => ({
  command: [process.execPath, '--eval', `${helpers}\n${source}`],
  path: process.env.PATH ?? '',
})

const helpers = `
const { writeSync } = require('node:fs')
const { createInterface } = require('node:readline')
const frame = (message, samples = new Int16Array(0)) => {
  const json = Buffer.from(JSON.stringify(message))
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32LE(json.length, 0)
  lengths.writeUInt32LE(samples.byteLength, 4)
  writeSync(1, Buffer.concat([lengths, json, Buffer.from(samples.buffer)]))
}
const voices = [{ id: 'en', name: 'English', gender: 'male', language: 'en' }]
const hello = (more) => frame({ protocol: 'speech/1', sampleRate: 22050, voices, ...more })
const orders = (each) => createInterface({ input: process.stdin }).on('line', (line) => each(JSON.parse(line)))
`

export const openEspeak = (options: Partial<EspeakOptions> = {}) =>
  createEspeakEngine({ ...espeak, processes: 2, ...options })
