import { type Engine, EngineError, type SpeakRequest } from '@loqui/engines/engine'

/** Milliseconds of tone for each UTF-16 code unit of a text, so that a length says what was spoken. */
export const toneMsPerCharacter = 10
const sampleRate = 24_000

/** An engine whose every call the test sees, and can hold back or make fail. */
export type ToneEngine = Engine & {
  /** The texts of the calls, in order, from `forget` on. */
  readonly spoken: readonly string[]
  /** The texts of the calls that wait at `hold`. */
  readonly held: readonly string[]
  /** The texts of the calls that were aborted while they waited. */
  readonly aborted: readonly string[]
  /** From now on calls wait until `release`, or until their signal aborts. */
  hold(): void
  release(): void
  /** The next calls whose text contains `text` fail, once for each error. */
  fail(text: string, ...errors: readonly Error[]): void
  /** Ends holding and failing, and empties what was noted. */
  reset(): void
}

/** Speaks a sine of 440 Hz. Refuses texts with a `¤`. Costs 7 micro-dollars a call. Makes one of its voices of a sample. */
export function createToneEngine({ id = 'tone', segmentCharacters = 40 } = {}): ToneEngine {
  const spoken: string[] = []
  const held: string[] = []
  const aborted: string[] = []
  const failures = new Map<string, Error[]>()
  let gate: PromiseWithResolvers<void> | undefined

  const wait = async (text: string, signal: AbortSignal) => {
    if (!gate) return
    const stopped = Promise.withResolvers<never>()
    const stop = () => {
      aborted.push(text)
      stopped.reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
    held.push(text)
    try {
      await Promise.race([gate.promise, stopped.promise])
    } finally {
      held.splice(held.indexOf(text), 1)
      signal.removeEventListener('abort', stop)
    }
  }

  return {
    id,
    voices: ['low', 'high'].map((name) => ({
      id: name,
      name: `A ${name} tone`,
      gender: 'neutral',
      language: 'en-US',
      description: '',
    })),
    limits: { segmentCharacters, segmentMs: null },
    settings: { speed: { min: 0.25, max: 4, default: 1 }, pitch: { min: -12, max: 12, default: 0 } },
    cloning: { fidelity: 'full', voiceFor: ({ pitchHz }) => ((pitchHz ?? 0) < 155 ? 'low' : 'high'), reference: null },
    provider: null,
    journaled: false,
    spoken,
    held,
    aborted,
    check: ({ text }) => (text.includes('¤') ? { field: 'text', message: 'a ¤ has no sound.' } : null),
    estimate: ({ text }) => ({
      expectedMs: text.length * toneMsPerCharacter,
      maxMs: text.length * toneMsPerCharacter * 2,
    }),
    price: (text) => Math.ceil(text.length / 5),
    async speak({ text, voice }: SpeakRequest, { signal }) {
      signal.throwIfAborted()
      spoken.push(text)
      await wait(text, signal)
      for (const [part, errors] of failures) {
        const error = text.includes(part) ? errors.shift() : undefined
        if (error) throw error
      }
      if (voice !== 'low' && voice !== 'high') throw new EngineError(`no voice ${voice}`, { retryable: false })
      return { samples: tone((text.length * toneMsPerCharacter * sampleRate) / 1000), sampleRate, costMicros: 7 }
    },
    close: async () => undefined,
    hold() {
      gate ??= Promise.withResolvers<void>()
    },
    release() {
      gate?.resolve()
      gate = undefined
    },
    fail(text, ...errors) {
      failures.set(text, [...errors])
    },
    reset() {
      this.release()
      failures.clear()
      for (const noted of [spoken, held, aborted]) noted.length = 0
    },
  }
}

function tone(samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, index) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * 440 * index) / sampleRate)),
  )
}
