/** Every engine there is, configured or not. */
export const engineIds = [
  'offline',
  'chatterbox',
  'chatterbox-turbo',
  'chatterbox-multilingual',
  'openai',
  'espeak',
] as const
export type EngineId = (typeof engineIds)[number]

/** What synthesizes. One implementation per folder beside this file; all of them pass `contract.ts`. */
export type Engine = EngineBase & (ProviderlessEngine | ProviderEngine)

interface ProviderlessEngine {
  readonly provider: null
  /** Whether its calls are written down, since they are paid though nobody may live to hear their answer. */
  readonly journaled: boolean
}

interface ProviderEngine {
  /** Who makes the speech: somebody else's machine, which goes on when the line drops. */
  readonly provider: Provider
  /** Its calls are written down. */
  readonly journaled: true
}

interface EngineBase {
  /** Stable name, stored with every generation: one of `engineIds`. */
  readonly id: string
  /** The preset voices this engine brings: of one that has to ask for them, those it was told last. */
  readonly voices: readonly EngineVoice[]
  /**
   * Asks for the voices, where they are somebody else's to say, and may come and go. Until it has resolved once they are not
   * known; an engine that has none of this knows them for good.
   *
   * @throws {EngineError} when nobody answers, and then the voices stay what they were; the signal's reason.
   */
  readonly refreshVoices?: (options: { readonly signal: AbortSignal }) => Promise<void>
  readonly limits: {
    /** Longest text of one `speak` call, in UTF-16 code units. */
    readonly segmentCharacters: number
    /** Longest speech of one `speak` call, in milliseconds: what is left of the text then is not spoken. `null`: none. */
    readonly segmentMs: number | null
  }
  /** What it takes of `SpeakSettings`, and how much of it. `check` refuses the others, unless they ask for nothing. */
  readonly settings: EngineSettings
  /**
   * How many samples a second its speech has, in hertz. Pure and quick. Missing where that is told with the speech only; `null`
   * where nobody can be asked.
   */
  readonly sampleRate?: (request: Pick<SpeakRequest, 'voice' | 'settings'>) => number | null
  /** Names of sounds that it makes where they stand in brackets, such as `laugh` in `[laugh]`, in lower case. Default: none. */
  readonly sounds?: readonly string[] | undefined
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
   * What speaking the text of one segment costs at most, in micro-dollars: a whole number, 0 or more, and no less for more
   * text. Pure and quick. Budgets hold this much of every segment until it is made.
   */
  price(text: string): number
  /**
   * Speaks one segment. Of a provider it asks for one call at most; with a journal it first follows what earlier calls
   * for the same segment have left open.
   *
   * @throws {EngineError} when the engine refuses, fails or is not there; the signal's reason when aborted; what the
   * journal throws.
   */
  speak(request: SpeakRequest, options: SpeakOptions): Promise<Speech>
  /** How this process finds that it works; missing where nothing keeps an eye on it. `open`: it is left alone. */
  readonly breaker?: BreakerState
  /** Frees threads and connections. Calls in flight are rejected. */
  close(): Promise<void>
}

/** `open`: it does not work and is left alone. `half_open`: one call finds out whether it works again, or the next one will. */
export type BreakerState = 'closed' | 'half_open' | 'open'

/** What an engine makes of a person's samples. */
export interface Cloning {
  /** `full`: the voice itself. `preview`: its pitch and pace only, which must be said wherever such a voice is shown. */
  readonly fidelity: 'full' | 'preview'
  /**
   * What the engine will know the voice by: a `SpeakRequest.voice`, which it understands from then on. Pure and quick.
   */
  voiceFor(traits: VoiceTraits): string
  /** What `SpeakRequest.reference` has to be; `null` where the traits are all it follows. */
  readonly reference: ReferenceNeeds | null
}

export interface ReferenceNeeds {
  /** It has to be longer than this, in milliseconds. */
  readonly longerThanMs: number
  /** What it listens to: from the beginning on, more of it makes no difference. In milliseconds. */
  readonly heardMs: number
  readonly mostBytes: number
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

/** How to speak. No engine takes all of it: see `Engine.settings`. */
export interface SpeakSettings {
  /** Pace against the voice's own. */
  readonly speed?: number | undefined
  /** Shift in semitones. */
  readonly pitch?: number | undefined
  /** How much feeling, from flat to theatrical. */
  readonly exaggeration?: number | undefined
  /** How closely the recording's way of speaking is kept to. The lower, the slower, and the less of its accent. */
  readonly cfgWeight?: number | undefined
  /** How much is left to chance. */
  readonly temperature?: number | undefined
  /** Share of the likeliest sounds that is chosen from. */
  readonly topP?: number | undefined
  /** Number of the likeliest sounds that are chosen from. */
  readonly topK?: number | undefined
  /** How much a sound is avoided that has just been made. */
  readonly repetitionPenalty?: number | undefined
  /** What the text is in, two letters of ISO 639-1. */
  readonly language?: string | undefined
}

/** What an engine takes of a setting. */
export type SettingRange =
  | { readonly min: number; readonly max: number; readonly default: number; readonly whole?: boolean }
  | { readonly values: readonly string[]; readonly default: string }

export type EngineSettings = { readonly [Name in keyof SpeakSettings]?: SettingRange }

export interface SpeakRequest {
  readonly text: string
  /** An `EngineVoice.id`, or what `cloning` made. */
  readonly voice: string
  readonly settings: SpeakSettings
  /** Recording of the person whose voice it is: with a voice that `cloning` made, where `Cloning.reference` asks for it. */
  readonly reference?: Reference | undefined
  /**
   * The same request with the same seed sounds the same; another seed makes another take. A whole number from 1 to
   * 2³¹ − 1. Without one the engine chooses.
   */
  readonly seed?: number | undefined
}

/** A recording that a voice is made from. */
export interface Reference {
  /** Lower-case hex, of the bytes: what it is known by. */
  readonly sha256: string
  /** Such as `audio/wav`. */
  readonly contentType: string
  readonly durationMs: number
  /** Reads it from the beginning, as often as it is called. */
  open(): Promise<AsyncIterable<Uint8Array>>
}

export interface SpeakOptions {
  /** Ends the call. What a provider was asked for is canceled, unless the reason is a `HandedOver`. */
  readonly signal: AbortSignal
  /** Where the calls of an engine that is `journaled` are written down. Others have no use for it. */
  readonly calls?: CallJournal | undefined
}

/**
 * A reason to abort with when nobody gives the work up: another process goes on with it. What a provider has accepted goes
 * on, too, and stays open in the journal, for the other to follow.
 */
export class HandedOver extends Error {
  override readonly name: string = 'HandedOver'
}

/** What an engine or voice cannot speak: which part of the request, and a sentence for people that does not name it. */
export interface SpeakRefusal {
  readonly field: 'text' | 'voice' | 'reference' | 'seed' | `settings.${keyof SpeakSettings}`
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
  /** Its memory is the caller's from then on, who may give it back. */
  readonly samples: Int16Array
  /** In hertz. */
  readonly sampleRate: number
  /**
   * What this call cost, in micro-dollars: a whole number, 0 or more. Of an engine that is `journaled` it is the sum of what
   * the journal was told on the way: count the one or the other.
   */
  readonly costMicros: number
}

/**
 * What kept an engine from speaking.
 *
 * Of the engine, and more calls would fare no better: `unavailable`, `timeout`, `throttled`, `no_credit`, `unauthorized`.
 * Of this call alone: `invalid_input`, `failed`, `bad_output` (what came is no speech), `aborted` (the provider ended it).
 */
export type EngineErrorCode =
  | 'throttled'
  | 'no_credit'
  | 'unauthorized'
  | 'invalid_input'
  | 'timeout'
  | 'unavailable'
  | 'bad_output'
  | 'aborted'
  | 'failed'

/** Why an engine did not speak. `retryable` tells whether the same call may succeed later. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  readonly retryable: boolean
  /** Earlier it makes no sense, in milliseconds from now. */
  readonly retryAfterMs: number | null
  /**
   * What the call cost all the same, in micro-dollars: a whole number, 0 or more. It counts as spent, as `Speech.costMicros`
   * does. Default 0.
   */
  readonly costMicros: number

  constructor(
    message: string,
    options: {
      retryable: boolean
      code?: EngineErrorCode
      retryAfterMs?: number | null
      costMicros?: number
      cause?: unknown
    },
  ) {
    super(message, { cause: options.cause })
    this.code = options.code ?? 'failed'
    this.retryable = options.retryable
    this.retryAfterMs = options.retryAfterMs ?? null
    this.costMicros = options.costMicros ?? 0
  }
}

/**
 * The calls of one segment to somebody else's machine, which is paid for them whoever hears the answer. The engine tells it of
 * every step before the next one is taken, so that whatever dies in between, somebody can find, or at least count, what was
 * asked for and paid.
 */
export interface CallJournal {
  /**
   * Calls made for this segment before whose audio nobody has kept: those whose end nobody has seen, and those that
   * succeeded. What one of them made is taken instead of asking again. Read once, when `speak` begins. Of an engine without a
   * provider, which could not take it up, there are none.
   */
  readonly open: readonly OpenCall[]
  /**
   * Writes down that the provider is about to be asked. @returns the call's mark, a UUID.
   * @throws whatever keeps the segment from being asked for once more: `speak` then rejects with it.
   */
  announce(): Promise<string>
  /**
   * Writes down by which id the provider knows the call, before anything is waited for. One that somebody took for refused is
   * open again.
   * @returns false when the id belongs to another call. It can only happen where two requests are the same to the seed.
   */
  accepted(mark: string, providerId: string): Promise<boolean>
  /**
   * Writes down how the call ended and what it cost. Told again when an open call is followed again: what is told last holds,
   * but that nothing is refused that was accepted.
   */
  ended(mark: string, end: CallEnd): Promise<void>
}

export interface OpenCall {
  readonly mark: string
  /** `null` when the provider's answer was lost, or has not come yet. */
  readonly providerId: string | null
  readonly announcedAt: Date
}

export interface CallEnd {
  /**
   * `refused`: it was never accepted. `gone`: it was paid, and its audio cannot be had: removed, or no audio. The others are
   * the provider's own.
   */
  readonly outcome: 'succeeded' | 'failed' | 'canceled' | 'aborted' | 'refused' | 'gone'
  /** In micro-dollars: a whole number, 0 or more. */
  readonly costMicros: number
}

/** Somebody else's machine that makes speech when it is asked, and goes on when nobody listens. */
export interface Provider {
  /** How long it keeps what a call made, in milliseconds. Until then what was lost has to be found and taken or canceled. */
  readonly keepsForMs: number
  /** A call that cannot be found so long after it was announced was never accepted. In milliseconds. */
  readonly certainAfterMs: number
  /**
   * Finds a call whose id was lost.
   *
   * @returns what it can be, oldest first: none or one, or several where requests are the same to the seed.
   * @throws {EngineError}, the signal's reason.
   */
  find(call: AnnouncedCall, options: { readonly signal: AbortSignal }): Promise<readonly ProviderCall[]>
  /** @returns null when there is no such call. @throws {EngineError}, the signal's reason. */
  get(id: string, options: { readonly signal: AbortSignal }): Promise<ProviderCall | null>
  /** Ends a call, if it has not ended. @returns how it stands now, or null. @throws {EngineError}, the signal's reason. */
  cancel(id: string, options: { readonly signal: AbortSignal }): Promise<ProviderCall | null>
  /**
   * Reads what the provider sent to `publicUrl`, and lets whoever waits for that call look at once. It is a hint: what it
   * says of the call is not believed.
   *
   * @param body byte for byte as it came.
   * @returns `null` when it was not the provider who sent it, or not just now.
   * @throws {EngineError} when that cannot be found out now; the signal's reason.
   */
  receive(
    message: { readonly headers: Readonly<Record<string, string | string[] | undefined>>; readonly body: Uint8Array },
    options: { readonly signal: AbortSignal },
  ): Promise<ProviderMessage | null>
  /** Lets whoever waits for that call look at once, when another process received the message. */
  wake(id: string): void
}

/** A call as it was announced. */
export interface AnnouncedCall {
  readonly mark: string
  readonly announcedAt: Date
  readonly request: SpeakRequest
}

export interface ProviderCall {
  readonly id: string
  readonly state: 'waiting' | 'running' | 'succeeded' | 'failed' | 'canceled' | 'aborted'
  /** By the provider's clock. */
  readonly createdAt: Date
  /** What it made is still there. */
  readonly available: boolean
  /** What it cost, in micro-dollars; `null` while it has not ended, and when the provider has forgotten what it was. */
  readonly costMicros: number | null
}

export interface ProviderMessage {
  /** The same when the message is sent again. */
  readonly id: string
  /** Of the call it is about. */
  readonly callId: string
}
