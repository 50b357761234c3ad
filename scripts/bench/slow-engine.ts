import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Engine, EngineError, type Provider } from '@loqui/engines/engine'
import { createOfflineEngine as createRealEngine, type OfflineEngineOptions } from '@loqui/engines/offline/engine'

/** What a provider takes for a segment, in milliseconds. */
const speechMs = 2_000
const sampleRate = 24_000
/** Something to hear, or it would be spoken a second time; as long as the longest that is asked for. */
const tone = Int16Array.from({ length: sampleRate * 10 }, (_, index) =>
  Math.round(8_000 * Math.sin((2 * Math.PI * 440 * index) / sampleRate)),
)
const microsPerCharacter = 25

/** Nothing is ever lost here, so that nothing is looked for. */
const nowhere = () => Promise.reject(new EngineError('there is nothing to find', { retryable: false }))
const provider: Provider = {
  keepsForMs: 3_600_000,
  certainAfterMs: 45_000,
  find: nowhere,
  get: nowhere,
  cancel: nowhere,
  receive: nowhere,
  wake: () => undefined,
}

/**
 * The offline engine with its voices, checks and estimates, but as if somebody else's machine spoke: it takes two seconds,
 * of which this one feels nothing, asks for money, and has every call written down as those of a provider are.
 */
export function createOfflineEngine(options: OfflineEngineOptions): Engine {
  const real = createRealEngine(options)
  return {
    ...real,
    provider,
    journaled: true,
    price: (text) => text.length * microsPerCharacter,
    async speak(request, { signal, calls }) {
      const { text } = request
      if (!calls) throw new Error('calls of a provider are written down')
      const mark = await calls.announce()
      await calls.accepted(mark, randomUUID())
      await sleep(speechMs, undefined, { signal })
      const costMicros = text.length * microsPerCharacter
      await calls.ended(mark, { outcome: 'succeeded', costMicros })
      const { expectedMs } = real.estimate(request)
      return { samples: tone.slice(0, Math.round((sampleRate * expectedMs) / 1_000)), sampleRate, costMicros }
    },
  }
}
