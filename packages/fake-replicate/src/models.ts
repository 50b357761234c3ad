import { z } from 'zod'

/** A model as Replicate has it: what it takes, and how it may be called. */
export interface FakeModel {
  /** `owner/name`. */
  readonly id: string
  /** Version ids it can be called by. */
  readonly versions: readonly string[]
  /** Called by its name: what is not official wants a version. */
  readonly official: boolean
  readonly input: z.ZodType<Readonly<Record<string, unknown>>>
  /** The text in an input. */
  text(input: Readonly<Record<string, unknown>>): string
  /** Field of the reference recording. */
  readonly reference: string
  /** A reference is refused, when the prediction runs, unless it is longer than this. In seconds. */
  readonly shortestReference: number
  /** In micro-dollars for each character. */
  readonly microsPerCharacter: number
}

const uri = z.url({ protocol: /^https?$/ })

/** Of multilingual. */
const languages = 'ar da de el en es fi fr he hi it ja ko ms nl no pl pt ru sv sw tr zh'.split(' ')

/** Of Turbo. */
const voices =
  'Aaron Abigail Anaya Andy Archer Brian Chloe Dylan Emmanuel Ethan Evelyn Gavin Gordon Ivan Laura Lucy Madison Marisol Meera Walter'.split(
    ' ',
  )

const text = (field: string) => (input: Readonly<Record<string, unknown>>) => String(input[field] ?? '')

/** The models Loqui speaks with, with the schemas their pages on replicate.com showed in 2026. */
export const models: readonly FakeModel[] = [
  {
    id: 'resemble-ai/chatterbox',
    versions: ['1b8422bc49635c20d0a84e387ed20879c0dd09254ecdb4e75dc4bec10ff94e97'],
    official: true,
    input: z.strictObject({
      prompt: z.string(),
      audio_prompt: uri.optional(),
      exaggeration: z.number().min(0.25).max(2).default(0.5),
      cfg_weight: z.number().min(0.2).max(1).default(0.5),
      temperature: z.number().min(0.05).max(5).default(0.8),
      seed: z.int().default(0),
    }),
    text: text('prompt'),
    reference: 'audio_prompt',
    shortestReference: 0,
    microsPerCharacter: 25,
  },
  {
    id: 'resemble-ai/chatterbox-turbo',
    versions: ['95c87b883ff3e842a1643044dff67f9d204f70a80228f24ff64bffe4a4b917d4'],
    official: true,
    input: z.strictObject({
      text: z.string().max(500),
      voice: z.enum(voices).default('Andy'),
      reference_audio: uri.optional(),
      temperature: z.number().min(0.05).max(2).default(0.8),
      top_p: z.number().min(0.5).max(1).default(0.95),
      top_k: z.int().min(1).max(2000).default(1000),
      repetition_penalty: z.number().min(1).max(2).default(1.2),
      seed: z.int().nullish(),
    }),
    text: text('text'),
    reference: 'reference_audio',
    shortestReference: 5,
    microsPerCharacter: 25,
  },
  {
    id: 'resemble-ai/chatterbox-multilingual',
    versions: ['9cfba4c265e685f840612be835424f8c33bdee685d7466ece7684b0d9d4c0b1c'],
    official: false,
    input: z.strictObject({
      text: z.string().max(300),
      language: z.enum(languages).default('en'),
      reference_audio: uri.optional(),
      exaggeration: z.number().min(0.25).max(2).default(0.5),
      cfg_weight: z.number().min(0).max(1).default(0.5),
      temperature: z.number().min(0.05).max(5).default(0.8),
      seed: z.int().default(0),
    }),
    text: text('text'),
    reference: 'reference_audio',
    shortestReference: 0,
    microsPerCharacter: 25,
  },
]
