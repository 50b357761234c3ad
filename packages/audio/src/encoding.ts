import type { Encoder } from './encoders/encoder.ts'
import { encoders } from './encoders/encoders.ts'
import type { AudioFormat } from './format.ts'
import { createSpeech, type Speech } from './join.ts'

/**
 * The steps of an encoding, in the order they are taken: begin; for each piece, its speech and its silence; finish. Or all
 * of them at once, which spares what is short the way to and fro.
 */
export type Step = { readonly take: 'whole'; readonly steps: readonly SingleStep[] } | SingleStep

export type SingleStep =
  | { readonly take: 'begin'; readonly format: AudioFormat; readonly samples: number }
  | { readonly take: 'piece'; readonly samples: number; readonly sampleRate: number }
  | { readonly take: 'speech'; readonly samples: Int16Array<ArrayBuffer> }
  | { readonly take: 'silence'; readonly samples: number }
  | { readonly take: 'finish' }

/** One encoding, as the thread that does it sees it. */
export interface Encoding {
  /** Takes the next step and gives the bytes it completes, often none. */
  take(step: Step): Promise<Uint8Array<ArrayBuffer>>
  /** Gives back the memory of the codec, whether finished or not. */
  free(): void
}

/** An encoding that has not begun. */
export function createEncoding(): Encoding {
  let encoder: Encoder | undefined
  let speech: Speech | undefined
  let freed = false

  return {
    async take(step) {
      if (step.take === 'whole') {
        const parts: Uint8Array[] = []
        for (const one of step.steps) parts.push(await this.take(one))
        return Uint8Array.from(Buffer.concat(parts))
      }
      if (step.take === 'begin') {
        const begun = await encoders[step.format](step.samples)
        if (freed) begun.free()
        else encoder = begun
        return begun.header
      }
      if (!encoder) throw new Error(`An encoding cannot take ${step.take} before it has begun`)
      switch (step.take) {
        case 'piece':
          speech = createSpeech(step.sampleRate, step.samples)
          return new Uint8Array()
        case 'speech':
          if (!speech) throw new Error('An encoding cannot take speech before its piece')
          return encoder.encode(speech.push(step.samples))
        case 'silence':
          return encoder.encode(new Int16Array(step.samples))
        case 'finish':
          return encoder.finish()
      }
    },
    free() {
      freed = true
      encoder?.free()
      encoder = undefined
    },
  }
}
