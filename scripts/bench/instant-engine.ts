import type { Engine } from '@loqui/engines/engine'
import { createOfflineEngine as createRealEngine, type OfflineEngineOptions } from '@loqui/engines/offline/engine'

const sampleRate = 24_000
/** A tenth of a second: what is measured is the work around an engine, of which audio is the part that grows with it. */
const milliseconds = 100
/** Something to hear, or it would be spoken a second time. */
const tone = Int16Array.from({ length: (sampleRate * milliseconds) / 1_000 }, (_, index) =>
  Math.round(8_000 * Math.sin((2 * Math.PI * 440 * index) / sampleRate)),
)

/** The offline engine with its voices, checks and estimates, but it speaks a tone at once. */
export function createOfflineEngine(options: OfflineEngineOptions): Engine {
  return {
    ...createRealEngine(options),
    async speak(_request, { signal }) {
      signal.throwIfAborted()
      return { samples: tone.slice(), sampleRate, costMicros: 0 }
    },
  }
}
