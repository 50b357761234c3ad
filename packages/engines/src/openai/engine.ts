import {
  type Engine,
  EngineError,
  type EngineSettings,
  type SpeakOptions,
  type SpeakRefusal,
  type SpeakRequest,
  type Speech,
} from '../engine.ts'
import { priceOf } from '../price.ts'
import { checkSettings } from '../settings.ts'
import { isSpeakable } from '../speakable.ts'
import { createCatalog } from './catalog.ts'
import { estimateSpeech } from './estimate.ts'
import { isRefused, mayGoOn, refusalOf, silenceOf } from './failure.ts'
import { journaled } from './journal.ts'
import { readVoices } from './listed.ts'
import { type Format, readSound } from './sound.ts'
import { type Timing, usualTiming } from './timing.ts'
import { type Answer, createTransport, Unanswered } from './transport.ts'

export interface OpenaiOptions {
  /** What the OpenAI SDK calls `baseURL`: as a rule it ends in `/v1`. */
  readonly baseUrl: string
  readonly apiKey?: string | undefined
  /** Default: one that the server says it has. */
  readonly model?: string | undefined
  /** The server's names of its voices. Default: those it lists, else OpenAI's. */
  readonly voices?: readonly string[] | undefined
  /** In micro-dollars. Default 0: a server of one's own asks for nothing. */
  readonly microsPerCharacter?: number | undefined
  readonly timing?: Partial<Timing> | undefined
}

const title = 'the TTS server'

/** OpenAI takes 4096; less is heard sooner, and less is lost where it fails. */
const segmentCharacters = 400

const settings: EngineSettings = { speed: { min: 0.25, max: 4, default: 1 } }

/** Of a segment without any letter, for which nobody is asked. */
const silence = { ms: 100, sampleRate: 24_000 }

/** The widest that is decoded, a sample of all channels, and what stands before them. */
const widest = { bytesPerSecond: 48_000 * 2 * 8, header: 64 * 1024 }
const mostBytes = 64 * 1024 * 1024

/**
 * Any server with OpenAI's `POST /audio/speech`: Kokoro-FastAPI, LocalAI, speaches, OpenAI itself. The seed of a request is
 * no part of that interface, and chance is the server's own.
 *
 * There is nothing in it by which a call could be found again whose answer was lost, nor a key that would make it the same
 * call when it is sent again. So `speak` sends one request, a second only after the first was refused; and where speech costs,
 * each is written down before it is sent, and one that may have been accepted is counted as paid, and its error says that it
 * is not to be made again, since nobody could say how often it would be paid. Where it costs nothing, it is tried again as
 * anything else is.
 */
export function createOpenaiEngine(options: OpenaiOptions): Engine {
  const { baseUrl, apiKey, microsPerCharacter = 0 } = options
  const timing = { ...usualTiming, ...options.timing }
  const transport = createTransport({ baseUrl, apiKey, timing })
  const named = options.voices && (readVoices(options.voices) ?? undefined)
  const catalog = createCatalog(transport, { model: options.model, voices: named, timing })
  const closing = new AbortController()
  const free = microsPerCharacter === 0
  /** What the server has been found to give; `undefined` while it has given nothing. */
  let format: Format | undefined

  async function post(request: SpeakRequest, model: string, format: Format, signal: AbortSignal): Promise<Answer> {
    const { text, voice, settings } = request
    const { speed = 1 } = settings
    const { maxMs } = estimateSpeech(request)
    return transport.ask({
      path: '/audio/speech',
      // What asks for nothing is left out, for servers that know less than OpenAI's.
      body: { model, input: text, voice, response_format: format, ...(speed !== 1 && { speed }) },
      budget: timing.speech,
      mostBytes: Math.min(mostBytes, widest.header + Math.ceil((maxMs / 1000) * widest.bytesPerSecond)),
      signal,
    })
  }

  /** Where the server does not know `wav`, its refusal has cost nothing, and `pcm` is what all of them know. */
  async function ask(
    request: SpeakRequest,
    model: string,
    signal: AbortSignal,
  ): Promise<{ readonly answer: Answer; readonly format: Format }> {
    const answer = await post(request, model, format ?? 'wav', signal)
    if (format !== undefined || !isRefused(answer)) return { answer, format: format ?? 'wav' }
    const second = await post(request, model, 'pcm', signal)
    // What both are refused for is not the format: the first says what it is.
    return isRefused(second) ? { answer, format: 'wav' } : { answer: second, format: 'pcm' }
  }

  /** An error of a call that may be paid, or go on and be paid. */
  function accepted(error: EngineError, price: number): EngineError {
    if (free) return error
    const code = error.code === 'bad_output' ? 'bad_output' : 'failed'
    return new EngineError(error.message, { code, retryable: false, costMicros: price, cause: error })
  }

  async function speak(request: SpeakRequest, { signal, calls }: SpeakOptions): Promise<Speech> {
    hold(checkSettings(title, settings, request.settings))
    const { length } = request.text
    if (length > segmentCharacters) {
      hold(refuse('text', `${title} speaks at most ${segmentCharacters} characters at once, got ${length}.`))
    }
    const offer = await catalog.offerWith(request.voice, signal)
    hold(checkVoice(request.voice, offer.voices))
    if (!isSpeakable(request.text)) {
      const samples = new Int16Array((silence.sampleRate * silence.ms) / 1000)
      return { samples, sampleRate: silence.sampleRate, costMicros: 0 }
    }
    const price = priceOf(request.text, microsPerCharacter)
    const call = () => listen(request, offer.model, price, signal)
    return calls && !free ? journaled(calls, price, signal, call) : call()
  }

  async function listen(request: SpeakRequest, model: string, price: number, signal: AbortSignal): Promise<Speech> {
    const asked = await ask(request, model, signal).catch((error: unknown) => {
      if (!(error instanceof Unanswered)) throw error
      throw error.kind === 'unreached' ? silenceOf(error) : accepted(silenceOf(error), price)
    })
    const { answer } = asked
    if (answer.status < 200 || answer.status >= 300) {
      throw mayGoOn(answer) ? accepted(refusalOf(answer), price) : refusalOf(answer)
    }
    try {
      const sound = readSound(answer, asked.format)
      const { maxMs } = estimateSpeech(request)
      if ((sound.samples.length * 1000) / sound.sampleRate > maxMs) {
        const message = `What the engine made cannot be used: it is longer than ${maxMs} ms, which is more than its text takes.`
        throw new EngineError(message, { code: 'bad_output', retryable: true })
      }
      format = asked.format
      return { ...sound, costMicros: price }
    } catch (error) {
      throw error instanceof EngineError ? accepted(error, price) : error
    }
  }

  return {
    id: 'openai',
    get voices() {
      return catalog.offer?.voices ?? []
    },
    async refreshVoices({ signal }) {
      await catalog.refresh(AbortSignal.any([signal, closing.signal]))
    },
    limits: { segmentCharacters, segmentMs: null },
    settings,
    cloning: null,
    provider: null,
    journaled: !free,
    check(request) {
      // While it is not known which there are, the server says so when it is asked.
      const offer = catalog.offer
      return (
        (offer && checkVoice(request.voice, offer.voices)) ??
        checkSettings(title, settings, request.settings) ??
        checkText(request.text)
      )
    },
    estimate: estimateSpeech,
    price: (text) => priceOf(text, microsPerCharacter),
    async speak(request, { signal, calls }) {
      const either = AbortSignal.any([signal, closing.signal])
      either.throwIfAborted()
      return speak(request, { signal: either, calls })
    },
    async close() {
      closing.abort(new EngineError('The TTS server is no longer asked.', { code: 'unavailable', retryable: true }))
      await transport.close()
    },
  }
}

function checkVoice(voice: string, voices: Engine['voices']): SpeakRefusal | null {
  if (voices.some(({ id }) => id === voice)) return null
  return refuse('voice', `${title} has no voice ${JSON.stringify(voice)} at the moment.`)
}

function checkText(text: string): SpeakRefusal | null {
  if (isSpeakable(text)) return null
  return refuse('text', 'there is nothing to speak in it; it needs at least one letter or digit.')
}

/** @throws {EngineError} `invalid_input` */
function hold(refusal: SpeakRefusal | null): void {
  if (refusal === null) return
  throw new EngineError(`${refusal.field}: ${refusal.message}`, { code: 'invalid_input', retryable: false })
}

function refuse(field: SpeakRefusal['field'], message: string): SpeakRefusal {
  return { field, message }
}
