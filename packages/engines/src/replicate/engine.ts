import {
  type Engine,
  EngineError,
  type engineIds,
  type SpeakOptions,
  type SpeakRequest,
  type Speech,
} from '../engine.ts'
import { priceOf } from '../price.ts'
import { isSpeakable } from '../speakable.ts'
import { checkRequest, checkSpeaker } from './check.ts'
import { createClient, usualBaseUrl } from './client.ts'
import type { CreateLimiter, ReplicateContext } from './context.ts'
import { estimateSpeech } from './estimate.ts'
import { createGate } from './gate.ts'
import { clonedVoice } from './input.ts'
import { replicateModels, segmentMs } from './models.ts'
import { createOutputs } from './outputs.ts'
import { usualMicrosPerCharacter } from './price.ts'
import { createProvider } from './provider.ts'
import { createReach } from './reach.ts'
import { createReferences } from './references.ts'
import { createWebhookSecret, type WebhookSecret } from './secret.ts'
import { Closed, speakByReplicate } from './speak.ts'
import { type Timing, usualTiming } from './timing.ts'
import { createWakes } from './wakes.ts'
import { webhookPath } from './webhook.ts'

export interface ReplicateOptions {
  readonly token: string
  /** With `/v1`. Default: Replicate's own. */
  readonly baseUrl?: string | undefined
  /** Where people reach Loqui. Where it is https, Replicate tells at `webhookPath` below it when a call has ended. */
  readonly publicUrl?: string | undefined
  readonly limiter: CreateLimiter
  readonly timing?: Partial<Timing> | undefined
  /** In micro-dollars, where a model costs another than the usual 25. */
  readonly microsPerCharacter?: { readonly [Id in (typeof engineIds)[number]]?: number } | undefined
}

/** Of a segment without any letter: what the models would make of it is speech. */
const silence = { ms: 100, sampleRate: 24_000 }

/** Chatterbox, Turbo and Multilingual on Replicate. They share connections, limits and uploaded recordings. */
export function createReplicateEngines(options: ReplicateOptions): Engine[] {
  const { token, baseUrl = usualBaseUrl, publicUrl, limiter, microsPerCharacter = {} } = options
  const timing = { ...usualTiming, ...options.timing }
  const client = createClient({ token, baseUrl, timing })
  const outputs = createOutputs(baseUrl, timing)
  const webhook = webhookAt(publicUrl)
  const shared = {
    client,
    outputs,
    limiter,
    timing,
    webhook,
    polls: webhook === null ? timing.polls : timing.pollsBesideWebhooks,
    wakes: createWakes(),
    gate: createGate(timing.patience),
    reach: createReach(),
    references: createReferences(client, Math.min(...replicateModels.map(({ reference }) => reference.mostBytes))),
  }
  const secret = createWebhookSecret(client)

  let open = replicateModels.length
  const release = async () => {
    if (--open === 0) await Promise.all([client.close(), outputs.close()])
  }
  return replicateModels.map((model) => {
    const micros = microsPerCharacter[model.id] ?? usualMicrosPerCharacter
    return createEngine({ ...shared, model, microsPerCharacter: micros }, secret, release)
  })
}

/** Replicate sends to https only. */
function webhookAt(publicUrl: string | undefined): string | null {
  const url = publicUrl === undefined ? null : URL.parse(publicUrl)
  return url?.protocol === 'https:' ? url.href.replace(/\/$/, '') + webhookPath : null
}

function createEngine(context: ReplicateContext, secret: WebhookSecret, release: () => Promise<void>): Engine {
  const { model, microsPerCharacter } = context
  const closing = new AbortController()
  const speaking = new Set<Promise<unknown>>()
  let closed: Promise<void> | undefined

  async function speak(request: SpeakRequest, { signal, calls }: SpeakOptions): Promise<Speech> {
    const either = AbortSignal.any([signal, closing.signal])
    either.throwIfAborted()
    holdToLimits(context, request)
    if (!isSpeakable(request.text)) {
      const samples = new Int16Array((silence.sampleRate * silence.ms) / 1000)
      return { samples, sampleRate: silence.sampleRate, costMicros: 0 }
    }
    const speech = speakByReplicate(context, request, { signal: either, calls })
    speaking.add(speech)
    return speech.finally(() => speaking.delete(speech))
  }

  return {
    id: model.id,
    voices: model.voices,
    limits: { segmentCharacters: model.segmentCharacters, segmentMs },
    settings: model.settings,
    sounds: model.sounds,
    cloning: { fidelity: 'full', voiceFor: () => clonedVoice, reference: model.reference },
    provider: createProvider(context, secret),
    journaled: true,
    check: (request) => checkRequest(model, request),
    estimate: ({ text }) => estimateSpeech(text),
    price: (text) => priceOf(text, microsPerCharacter),
    speak,
    close() {
      closed ??= (async () => {
        closing.abort(new Closed(`${model.title} is closed.`, { code: 'unavailable', retryable: true }))
        await Promise.allSettled(speaking)
        await release()
      })()
      return closed
    },
  }
}

/** @throws {EngineError} `invalid_input` */
function holdToLimits({ model }: ReplicateContext, request: SpeakRequest): void {
  const invalid = (message: string) => new EngineError(message, { code: 'invalid_input', retryable: false })
  const refusal = checkSpeaker(model, request)
  if (refusal) throw invalid(`${refusal.field}: ${refusal.message}`)
  if (request.voice === clonedVoice && !request.reference)
    throw invalid('reference: a cloned voice needs its recording.')
  const { length } = request.text
  if (length <= model.segmentCharacters) return
  throw invalid(`text: ${model.title} speaks at most ${model.segmentCharacters} characters at once, got ${length}.`)
}
