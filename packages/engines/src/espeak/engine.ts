import {
  type Engine,
  EngineError,
  type EngineErrorCode,
  type EngineSettings,
  type EngineVoice,
  type SpeakRefusal,
  type SpeakRequest,
  type Speech,
} from '../engine.ts'
import { rateWithin } from '../haste.ts'
import { checkSettings } from '../settings.ts'
import { isSpeakable } from '../speakable.ts'
import { type Hello, type SpeakerCommand, SpeakerDied, SpeakerRefused, type Spoken } from './child.ts'
import { estimateSpeech } from './estimate.ts'
import { createSpeakerPool, SpeakerTimeout } from './pool.ts'
import { speakable } from './speakable.ts'

export interface EspeakOptions extends SpeakerCommand {
  /** How many speak at the same time. Each takes one core, and about 100 MB. */
  readonly processes: number
  /** The longest that one call may take, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number
  /** The longest that a program may take to come up, in milliseconds. Default 30,000. */
  readonly startMs?: number
  /** After a start that failed, before the next, in milliseconds. Default half a second, and half a minute at most. */
  readonly restMs?: { readonly first: number; readonly most: number }
}

const title = 'eSpeak'
const segmentCharacters = 300

/** eSpeak speaks 80 to 450 words a minute, and 175 as a rule; its pitch goes from 0 to 99, 6.3 a semitone. */
const settings: EngineSettings = {
  speed: { min: 0.5, max: 2.5, default: 1 },
  pitch: { min: -7, max: 7, default: 0 },
}
const fastest = 450 / 175

/** Of the length that speech may have, what a hastened try aims at: pauses do not go with the pace. */
const aim = 0.96
const furtherTries = 2
/** What is longer than this many times what it may be cannot be hastened so far: the rest of it is not made. */
const hopeless = 6

const silentMs = 100

/**
 * A program that speaks more than a hundred languages, in processes of its own: `packages/engine-espeak`, which is under the
 * GPL and no part of this one, or whatever else answers by its protocol.
 *
 * It has no use for a seed: eSpeak's voice trembles a little differently each time, by less than is heard, and goes on from
 * where it was.
 */
export function createEspeakEngine(options: EspeakOptions): Engine {
  const { timeoutMs = 60_000, startMs = 30_000, restMs = { first: 500, most: 30_000 } } = options
  const pool = createSpeakerPool({ ...options, timeoutMs, startMs, restMs })
  let known: { readonly hello: Hello; readonly voices: readonly EngineVoice[] } | undefined

  const voicesOf = (hello: Hello) => {
    if (known?.hello !== hello) known = { hello, voices: hello.voices.flatMap(toVoice) }
    return known.voices
  }
  const voices = () => (pool.hello ? voicesOf(pool.hello) : [])
  // While they are not known, a voice is known by its name: `en-US+f2`.
  const languageOf = (id: string) =>
    voices().find((voice) => voice.id === id)?.language ?? canonical(id.split('+')[0]) ?? 'und'

  async function speak(request: SpeakRequest, signal: AbortSignal): Promise<Speech> {
    hold(checkSettings(title, settings, request.settings))
    const { length } = request.text
    if (length > segmentCharacters) {
      hold(refuse('text', `${title} speaks at most ${segmentCharacters} characters at once, got ${length}.`))
    }
    const { sampleRate } = await pool.greet(signal)
    hold(checkVoice(request.voice, voices()))
    const text = speakable(request.text, languageOf(request.voice))
    const { maxMs } = estimate(request)
    const mostSamples = Math.floor((maxMs * sampleRate) / 1000)
    if (!isSpeakable(text)) return quiet(sampleRate)
    const { samples, cut } = await within(request, text, mostSamples, signal)
    if (samples.length === 0) return quiet(sampleRate)
    const rate = cut ? undefined : rateWithin(maxMs, samples.length, sampleRate)
    if (rate === undefined) {
      throw new EngineError(`${title} cannot speak this text as fast as it must.`, { retryable: false })
    }
    return { samples, sampleRate: rate, costMicros: 0 }
  }

  /** At the pace asked for, and when that is longer than it may be again at the pace that fits. */
  async function within(
    request: SpeakRequest,
    text: string,
    mostSamples: number,
    signal: AbortSignal,
  ): Promise<Spoken> {
    const { voice, settings } = request
    const order = { text, voice, pitch: settings.pitch ?? 0, mostSamples: hopeless * mostSamples }
    let speed = settings.speed ?? 1
    let spoken = await pool.run({ ...order, speed }, signal)
    for (let tries = 0; tries < furtherTries && spoken.samples.length > mostSamples && speed < fastest; tries++) {
      speed = Math.min(fastest, (speed * spoken.samples.length) / (aim * mostSamples))
      spoken = await pool.run({ ...order, speed }, signal)
    }
    return spoken
  }

  const estimate: Engine['estimate'] = ({ text, voice, settings }) => {
    const language = languageOf(voice)
    const spoken = speakable(text, language)
    return isSpeakable(spoken) ? estimateSpeech(spoken, language, settings) : { expectedMs: silentMs, maxMs: silentMs }
  }

  return {
    id: 'espeak',
    get voices() {
      return voices()
    },
    async refreshVoices({ signal }) {
      await pool.greet(signal)
    },
    limits: { segmentCharacters, segmentMs: null },
    settings,
    cloning: null,
    provider: null,
    journaled: false,
    check(request) {
      // While it is not known which there are, the program says so when it speaks.
      return (
        (pool.hello && checkVoice(request.voice, voices())) ??
        checkSettings(title, settings, request.settings) ??
        checkText(speakable(request.text, languageOf(request.voice)))
      )
    },
    estimate,
    price: () => 0,
    async speak(request, { signal }) {
      signal.throwIfAborted()
      return speak(request, signal).catch((cause) => {
        signal.throwIfAborted()
        throw cause instanceof EngineError ? cause : toEngineError(cause)
      })
    },
    close: () => pool.close(new EngineError(`${title} is closed.`, { retryable: true, code: 'unavailable' })),
  }
}

/** What went wrong with one call. A text at which the program dies would do so again, and is not waited for. */
function toEngineError(cause: unknown): EngineError {
  const [code, retryable]: [EngineErrorCode, boolean] =
    cause instanceof SpeakerTimeout
      ? ['timeout', true]
      : cause instanceof SpeakerDied
        ? ['failed', true]
        : ['failed', !(cause instanceof SpeakerRefused)]
  return new EngineError(`${title} did not speak this text.`, { code, retryable, cause })
}

function toVoice({ id, name, gender, language }: Hello['voices'][number]): EngineVoice[] {
  const tag = canonical(language)
  if (tag === undefined) return []
  const description = `${title} NG, ${gender}: clear and quick, and not like a person.`
  return [{ id, name: `${name}, ${gender}`, gender, language: tag, description }]
}

function canonical(tag: string | undefined): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0]
  } catch {
    return undefined
  }
}

function checkVoice(voice: string, voices: readonly EngineVoice[]): SpeakRefusal | null {
  if (voices.some(({ id }) => id === voice)) return null
  return refuse('voice', `${title} has no voice ${JSON.stringify(voice)}.`)
}

function checkText(text: string): SpeakRefusal | null {
  if (isSpeakable(text)) return null
  return refuse('text', 'there is nothing to speak in it; it needs at least one letter or digit.')
}

function quiet(sampleRate: number): Speech {
  return { samples: new Int16Array((sampleRate * silentMs) / 1000), sampleRate, costMicros: 0 }
}

/** @throws {EngineError} `invalid_input` */
function hold(refusal: SpeakRefusal | null): void {
  if (refusal === null) return
  throw new EngineError(`${refusal.field}: ${refusal.message}`, { code: 'invalid_input', retryable: false })
}

function refuse(field: SpeakRefusal['field'], message: string): SpeakRefusal {
  return { field, message }
}
