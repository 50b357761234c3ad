import type { Engine } from '@loqui/engines/engine'
import { createOfflineEngine as createRealEngine, type OfflineEngineOptions } from '@loqui/engines/offline/engine'

const sampleRate = 24_000
/** A tenth of a second: what is measured is the work around an engine, of which audio is the part that grows with it. */
const milliseconds = 100

/** The offline engine with its voices, checks and estimates, but it speaks silence at once. */
export function createOfflineEngine(options: OfflineEngineOptions): Engine {
  return {
    ...createRealEngine(options),
    async speak(_request, { signal }) {
      signal.throwIfAborted()
      return { samples: new Int16Array((sampleRate * milliseconds) / 1_000), sampleRate, costMicros: 0 }
    },
  }
}
