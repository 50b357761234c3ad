/** Every engine there is, configured or not. */
export const engineIds = ['offline'] as const
export type EngineId = (typeof engineIds)[number]

/** What synthesizes. One implementation per folder beside this file; all of them pass `contract.ts`. */
export interface Engine {
  /** Stable name, stored with every generation: one of `engineIds`. */
  readonly id: string
  /** The preset voices this engine brings. */
  readonly voices: readonly EngineVoice[]
  readonly limits: {
    /** Longest text of one `speak` call, in UTF-16 code units. */
    readonly segmentCharacters: number
  }
  /** How it makes a voice from samples; `null` where it cannot. */
  readonly cloning: Cloning | null
  /** Says why a text cannot be spoken, or `null`. Pure and quick: it runs before anything is reserved. */
  check(request: SpeakRequest): SpeakRefusal | null
  /**
   * How long the speech of one segment will be. Pure and quick. `speak` never gives more than `maxMs` of the same request,
   * whatever it has to do for that: as much is reserved, and no more can be charged.
   */
  estimate(request: SpeakRequest): SpeechEstimate
  /**
   * What `ms` milliseconds of speech are expected to cost, in micro-dollars: a whole number, 0 or more, and no less for
   * more speech. Pure and quick. Budgets hold this much of the longest that each segment may be while it is made.
   */
  price(ms: number): number
  /**
   * Speaks one segment.
   *
   * @throws {EngineError} when the engine refuses, fails or is not there; the signal's reason when aborted.
   */
  speak(request: SpeakRequest, options: { readonly signal: AbortSignal }): Promise<Speech>
  /** Frees threads and connections. Calls in flight are rejected. */
  close(): Promise<void>
}

/** What an engine makes of a person's samples. */
export interface Cloning {
  /** `full`: the voice itself. `preview`: its pitch and pace only, which must be said wherever such a voice is shown. */
  readonly fidelity: 'full' | 'preview'
  /**
   * What the engine will know the voice by: a `SpeakRequest.voice`, which it understands from then on. Pure and quick.
   */
  voiceFor(traits: VoiceTraits): string
}

/** What was measured of a person's samples, and what the person says of the voice. */
export interface VoiceTraits {
  /** Median of the fundamental frequency, in hertz; `null` where none was found. */
  readonly pitchHz: number | null
  /** Syllables in a second of speech; `null` where there is too little to tell. */
  readonly syllablesPerSecond: number | null
  readonly gender?: Gender | undefined
}

export type Gender = 'female' | 'male' | 'neutral'

/** A voice that an engine brings with it. */
export interface EngineVoice {
  /** The engine's own name of the voice, unique within the engine. */
  readonly id: string
  /** Name for people. */
  readonly name: string
  readonly gender: Gender
  /** BCP 47 tag, such as `en-US`. */
  readonly language: string
  readonly description: string
}

export interface SpeakSettings {
  /** Pace against the voice's own, 0.25 to 4. Default 1. */
  readonly speed?: number | undefined
  /** Shift in semitones, −12 to 12. Default 0. */
  readonly pitch?: number | undefined
}

export interface SpeakRequest {
  readonly text: string
  /** An `EngineVoice.id`, or what `cloning` made. */
  readonly voice: string
  readonly settings: SpeakSettings
}

/** What an engine or voice cannot speak: which part of the request, and a sentence for people that does not name it. */
export interface SpeakRefusal {
  readonly field: 'text' | 'voice' | 'settings.speed' | 'settings.pitch'
  readonly message: string
}

export interface SpeechEstimate {
  /** Best guess in milliseconds. */
  readonly expectedMs: number
  /** Upper bound in milliseconds: what has to be reserved. */
  readonly maxMs: number
}

/** Mono 16-bit audio and what it cost. */
export interface Speech {
  readonly samples: Int16Array
  /** In hertz. */
  readonly sampleRate: number
  /** What this call cost, in micro-dollars: a whole number, 0 or more. */
  readonly costMicros: number
}

/** Why an engine did not speak. `retryable` tells whether the same call may succeed later. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly retryable: boolean
  /** What the call cost all the same, in micro-dollars: a whole number, 0 or more. It counts as spent. Default 0. */
  readonly costMicros: number

  constructor(message: string, options: { retryable: boolean; costMicros?: number; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.retryable = options.retryable
    this.costMicros = options.costMicros ?? 0
  }
}
