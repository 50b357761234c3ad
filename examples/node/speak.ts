// LOQUI_URL=… LOQUI_API_KEY=… node speak.ts chapter.txt
import { createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Loqui, QuotaExceededError, toNodeStream } from '@loqui/sdk'

const file = process.argv[2]
if (file === undefined) throw new Error('Say which file: node speak.ts chapter.txt')
const name = basename(file, extname(file))
const text = await readFile(file, 'utf8')

const loqui = new Loqui({ baseUrl: process.env.LOQUI_URL, apiKey: process.env.LOQUI_API_KEY })

try {
  const { items } = await loqui.voices.list({ language: 'en' })
  const voice = items.find(({ available }) => available)
  if (!voice) throw new Error('This Loqui has no voice that can speak English.')

  const generation = await loqui.generations.create({ text, voiceId: voice.id, format: 'mp3', title: name })
  for await (const { segments } of loqui.generations.watch(generation.id)) {
    console.error(`${segments.done} of ${segments.total}`)
  }
  const { state, durationMs, error } = await loqui.generations.get(generation.id)
  if (state !== 'succeeded') throw new Error(`It ${state}: ${error?.message}`)

  const audio = await loqui.generations.audio(generation.id)
  await pipeline(toNodeStream(audio, Readable), createWriteStream(`${name}.mp3`))
  await writeFile(`${name}.srt`, await loqui.generations.captions(generation.id, 'srt'))
  console.log(`${name}.mp3: ${(durationMs ?? 0) / 1000} s by ${voice.name}`)
} catch (error) {
  if (!(error instanceof QuotaExceededError)) throw error
  const { remainingMs, period } = await loqui.usage.current()
  console.error(`Only ${remainingMs / 1000} s are left until ${period.end}.`)
  process.exitCode = 1
}
