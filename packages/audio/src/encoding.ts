import { concat, type Encoder, type EncoderOptions } from './encoders/encoder.ts'
import { encoders } from './encoders/encoders.ts'
import type { AudioFormat } from './format.ts'
import { createAmplifier, type Gain, type Measured } from './gain.ts'
import { createJoiner, type JoinedPiece, type Joiner } from './join.ts'
import { createLoudnessMeter } from './loudness.ts'

/**
 * The steps of going through joined audio, in the order they are taken: measure or begin; for each piece, its speech, heard
 * ahead of being spoken, and its silence; finish. Or several of them at once, which spares the way to and fro.
 */
export type Step = { readonly take: 'several'; readonly steps: readonly SingleStep[] } | SingleStep

export type SingleStep =
  | { readonly take: 'measure'; readonly sampleRate: number; readonly gain: Gain | null }
  | ({ readonly take: 'begin'; readonly format: AudioFormat; readonly gain: Gain | null } & EncoderOptions)
  | ({ readonly take: 'piece' } & JoinedPiece)
  | { readonly take: 'hear'; readonly samples: Int16Array<ArrayBuffer> }
  | { readonly take: 'speak'; readonly samples: number }
  | { readonly take: 'silence'; readonly samples: number }
  | { readonly take: 'finish' }

/** What a step gives. */
export interface Taken {
  /** The bytes it completes, often none. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** At the end of measuring. */
  readonly measured?: Measured
  /** At the end of encoding what was not known to be that long: what the file begins with. */
  readonly header?: Uint8Array<ArrayBuffer>
}

/** One encoding, as the thread that does it sees it. */
export interface Encoding {
  take(step: Step): Promise<Taken>
  /** Gives back the memory of the codec, whether finished or not. */
  free(): void
}

/** Where joined samples go. */
interface Sink {
  readonly sampleRate: number
  take(samples: Int16Array<ArrayBuffer>): Taken | Promise<Taken>
  finish(): Taken | Promise<Taken>
  free(): void
}

/** An encoding that has not begun. */
export function createEncoding(): Encoding {
  let sink: Sink | undefined
  let joiner: Joiner | undefined
  let freed = false

  const open = (opened: Sink) => {
    if (freed) opened.free()
    else sink = opened
    joiner = createJoiner(opened.sampleRate)
  }

  return {
    async take(step) {
      switch (step.take) {
        case 'several': {
          const taken: Taken[] = []
          for (const one of step.steps) taken.push(await this.take(one))
          const bytes = concat(taken.map((one) => one.bytes))
          // Left to the garbage collector, it would be most of what a thread grows by.
          for (const one of taken) one.bytes.buffer.transfer(0)
          return { ...taken.at(-1), bytes }
        }
        case 'measure':
          open(createMeasuring(step.gain, step.sampleRate))
          return nothing()
        case 'begin': {
          const encoder = await encoders[step.format](step)
          open(createEncodingSink(encoder, step))
          return { bytes: encoder.header }
        }
      }
      if (!sink || !joiner) throw new Error(`An encoding cannot take ${step.take} before it has begun`)
      switch (step.take) {
        case 'piece':
          return sink.take(joiner.begin(step))
        case 'hear':
          joiner.hear(step.samples)
          return nothing()
        case 'speak':
          return sink.take(joiner.speak(step.samples))
        case 'silence':
          return sink.take(joiner.silence(step.samples))
        case 'finish': {
          const { bytes } = await sink.take(joiner.finish())
          const finished = await sink.finish()
          return { ...finished, bytes: concat([bytes, finished.bytes]) }
        }
      }
    },
    free() {
      freed = true
      sink?.free()
      sink = undefined
    },
  }
}

const nothing = (): Taken => ({ bytes: new Uint8Array() })

function createMeasuring(gain: Gain | null, sampleRate: number): Sink {
  const amplifier = createAmplifier(gain, sampleRate)
  const meter = createLoudnessMeter(sampleRate)
  let peak = 0
  const hear = (samples: Int16Array) => {
    for (let n = 0; n < samples.length; n++) peak = Math.max(peak, Math.abs(samples[n] as number))
    meter.push(samples)
    return nothing()
  }
  return {
    sampleRate,
    take: (samples) => hear(amplifier.push(samples)),
    finish() {
      hear(amplifier.finish())
      return { ...nothing(), measured: { loudness: meter.integrated(), peak } }
    },
    free: () => {},
  }
}

function createEncodingSink(encoder: Encoder, step: Extract<SingleStep, { take: 'begin' }>): Sink {
  const { format, gain, sampleRate } = step
  const amplifier = createAmplifier(gain, sampleRate)
  // Asked now: the header moves to another thread.
  const hasHeader = encoder.header.length > 0
  let encoded = 0
  const encode = async (samples: Int16Array<ArrayBuffer>): Promise<Taken> => {
    encoded += samples.length
    return samples.length > 0 ? { bytes: await encoder.encode(samples) } : nothing()
  }
  const headerNow = async () => {
    // What has none, AAC among them, is not begun for it: that takes a thread.
    if (!hasHeader) return new Uint8Array()
    const again = await encoders[format]({ ...step, samples: encoded })
    again.free()
    return again.header
  }
  return {
    sampleRate,
    take: (samples) => encode(amplifier.push(samples)),
    async finish() {
      const { bytes } = await encode(amplifier.finish())
      const all = concat([bytes, await encoder.finish()])
      return step.samples === 'later' ? { bytes: all, header: await headerNow() } : { bytes: all }
    },
    free: () => encoder.free(),
  }
}
