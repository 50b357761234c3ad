import { availableParallelism } from 'node:os'
import { createOfflineEngine } from '@loqui/engines/offline/engine'
import { now } from './now.ts'

/** The offline engine alone: speaks texts and throws away what it said. */

export interface Reading {
  readonly voice: string
  readonly texts: readonly string[]
}

export interface Read {
  readonly milliseconds: number
  readonly audioMs: number
}

const engine = createOfflineEngine({ threads: availableParallelism() })
const { signal } = new AbortController()

async function read({ voice, texts }: Reading): Promise<Read> {
  const started = now()
  // As many at a time as it has threads; the others wait.
  const lengths = await Promise.all(
    texts.map(async (text) => {
      const { samples, sampleRate } = await engine.speak({ text, voice, settings: {} }, { signal })
      return (samples.length * 1000) / sampleRate
    }),
  )
  return { milliseconds: now() - started, audioMs: lengths.reduce((sum, length) => sum + length, 0) }
}

process.on('message', async (order: Reading) => process.send?.(await read(order)))
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })
