import type { EngineSettings, EngineVoice, engineIds, ReferenceNeeds, SpeakSettings } from '../engine.ts'
import type { ModelAddress } from './client.ts'
import { languages } from './languages.ts'
import { turboVoices } from './turbo-voices.ts'

/**
 * A model on Replicate: how it is asked. Names, ranges and defaults are those of its schema as its page on replicate.com
 * showed it in 2026; what is sent of a request is only what was asked for, so that defaults stay the model's.
 */
export interface ReplicateModel {
  readonly id: (typeof engineIds)[number]
  /** As a sentence has it. */
  readonly title: string
  /** `owner/name`. */
  readonly name: string
  readonly address: ModelAddress
  readonly fields: {
    readonly text: string
    readonly reference: string
    /** Where a preset is named; null where there is one voice only. */
    readonly voice: string | null
    readonly settings: { readonly [Name in keyof SpeakSettings]?: string }
  }
  readonly voices: readonly EngineVoice[]
  readonly settings: EngineSettings
  readonly segmentCharacters: number
  /** Names of sounds that it makes where they stand in brackets. */
  readonly sounds: readonly string[]
  readonly reference: ReferenceNeeds
  /** It speaks what it is told to be in; the others speak English. */
  readonly multilingual: boolean
}

/** 1000 tokens at 25 a second: what is left of the text then is cut off without a word. */
export const segmentMs = 40_000

/** What Replicate takes as a file. */
const mostBytes = 100_000_000

const temperature = (max: number) => ({ min: 0.05, max, default: 0.8 })

/** The one voice of a model that has no others. */
const standardVoice = (title: string, description: string): EngineVoice => ({
  id: 'standard',
  name: title,
  gender: 'neutral',
  language: 'en',
  description,
})

export const replicateModels: readonly ReplicateModel[] = [
  {
    id: 'chatterbox',
    title: 'Chatterbox',
    name: 'resemble-ai/chatterbox',
    address: { model: 'resemble-ai/chatterbox' },
    fields: {
      text: 'prompt',
      reference: 'audio_prompt',
      voice: null,
      settings: { exaggeration: 'exaggeration', cfgWeight: 'cfg_weight', temperature: 'temperature' },
    },
    voices: [
      standardVoice('Chatterbox', 'The voice Chatterbox speaks with when it is given none: clear and expressive.'),
    ],
    settings: {
      exaggeration: { min: 0.25, max: 2, default: 0.5 },
      cfgWeight: { min: 0.2, max: 1, default: 0.5 },
      temperature: temperature(5),
    },
    // Its schema has no limit; more than this comes near to the 40 seconds.
    segmentCharacters: 300,
    sounds: [],
    reference: { longerThanMs: 0, heardMs: 10_000, mostBytes },
    multilingual: false,
  },
  {
    id: 'chatterbox-turbo',
    title: 'Chatterbox Turbo',
    name: 'resemble-ai/chatterbox-turbo',
    address: { model: 'resemble-ai/chatterbox-turbo' },
    fields: {
      text: 'text',
      reference: 'reference_audio',
      voice: 'voice',
      settings: {
        temperature: 'temperature',
        topP: 'top_p',
        topK: 'top_k',
        repetitionPenalty: 'repetition_penalty',
      },
    },
    voices: turboVoices,
    settings: {
      temperature: temperature(2),
      topP: { min: 0.5, max: 1, default: 0.95 },
      topK: { min: 1, max: 2000, default: 1000, whole: true },
      repetitionPenalty: { min: 1, max: 2, default: 1.2 },
    },
    // Its schema allows 500, which reach the 40 seconds; after 25 of them it begins to slur.
    segmentCharacters: 300,
    // Its schema spells `sush`; its makers `shush`.
    sounds: ['clear throat', 'sigh', 'sush', 'shush', 'cough', 'groan', 'sniff', 'gasp', 'chuckle', 'laugh'],
    // It fails on anything shorter, after it was asked.
    reference: { longerThanMs: 5_000, heardMs: 15_000, mostBytes },
    multilingual: false,
  },
  {
    id: 'chatterbox-multilingual',
    title: 'Chatterbox Multilingual',
    name: 'resemble-ai/chatterbox-multilingual',
    // Not official: by its name it is not found.
    address: { version: '9cfba4c265e685f840612be835424f8c33bdee685d7466ece7684b0d9d4c0b1c' },
    fields: {
      text: 'text',
      reference: 'reference_audio',
      voice: null,
      settings: {
        language: 'language',
        exaggeration: 'exaggeration',
        cfgWeight: 'cfg_weight',
        temperature: 'temperature',
      },
    },
    voices: [
      standardVoice('Chatterbox Multilingual', 'The voice Chatterbox speaks 23 languages with when it is given none.'),
    ],
    settings: {
      language: { values: languages, default: 'en' },
      exaggeration: { min: 0.25, max: 2, default: 0.5 },
      // 0 keeps the accent of the recording out of another language.
      cfgWeight: { min: 0, max: 1, default: 0.5 },
      temperature: temperature(5),
    },
    segmentCharacters: 300,
    sounds: [],
    reference: { longerThanMs: 0, heardMs: 10_000, mostBytes },
    multilingual: true,
  },
]
