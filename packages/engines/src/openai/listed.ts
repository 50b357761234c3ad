import type { EngineVoice, Gender } from '../engine.ts'

/** More are not offered: nobody would find theirs among them, and each is a row. */
const mostVoices = 1_000

/**
 * Reads a list of voices, which has as many forms as there are servers: `{ voices: [{ id, name }] }` (Kokoro-FastAPI and what
 * Open WebUI reads), `{ voices: ['af_heart'] }` (Kokoro-FastAPI before, Kokoros), with `language` and `gender` (speaches), under
 * `data` (what OpenAI's lists are like), or bare.
 *
 * @returns `null` for what is no list of voices.
 */
export function readVoices(answered: unknown): readonly EngineVoice[] | null {
  const list = listIn(answered, ['voices', 'data'])
  if (list === null) return null
  const voices = new Map<string, EngineVoice>()
  for (const each of list) {
    const voice = typeof each === 'string' ? toVoice(each, {}) : readVoice(Object(each))
    if (voice && voices.size < mostVoices && !voices.has(voice.id)) voices.set(voice.id, voice)
  }
  return voices.size > 0 || list.length === 0 ? [...voices.values()] : null
}

/** The ids of a list of models: `{ data: [{ id }] }`, or `{ models: [{ id }] }` where they are those that speak. */
export function readModels(answered: unknown): readonly string[] | null {
  const list = listIn(answered, ['data', 'models'])
  return list?.flatMap((each) => text(typeof each === 'string' ? each : Object(each).id) ?? []) ?? null
}

function listIn(answered: unknown, names: readonly string[]): readonly unknown[] | null {
  if (Array.isArray(answered)) return answered
  for (const name of names) {
    const list: unknown = Object(answered)[name]
    if (Array.isArray(list)) return list
  }
  return null
}

/** What a list may say of a voice. */
interface Said {
  readonly name?: unknown
  readonly gender?: unknown
  readonly language?: unknown
  readonly description?: unknown
}

function readVoice(item: Readonly<Record<string, unknown>>): EngineVoice | null {
  const { id, voice_id, name, gender, language, lang, locale, description } = item
  const known = text(id) ?? text(voice_id) ?? text(name)
  return known === undefined
    ? null
    : toVoice(known, { name, gender, language: language ?? locale ?? lang, description })
}

function toVoice(id: string, said: Said): EngineVoice | null {
  if (text(id) === undefined) return null
  const kokoro = readKokoroName(id)
  const name = text(said.name) ?? id
  return {
    id,
    // What is only a name of a file says more in letters: af_heart is Heart.
    name: name === id && kokoro ? kokoro.name : name,
    gender: readGender(said.gender) ?? kokoro?.gender ?? 'neutral',
    language: readLanguage(said.language) ?? kokoro?.language ?? 'und',
    description: text(said.description) ?? `The voice ${id} of the TTS server.`,
  }
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' && value.length <= 200 ? value : undefined

function readGender(value: unknown): Gender | undefined {
  if (typeof value !== 'string') return undefined
  const known: Readonly<Record<string, Gender>> = { f: 'female', female: 'female', m: 'male', male: 'male' }
  return known[value.toLowerCase()]
}

/** `en-us` and `en_US` are both `en-US`. */
function readLanguage(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  try {
    return Intl.getCanonicalLocales(value.replaceAll('_', '-'))[0]
  } catch {
    return undefined
  }
}

/** The first letter of a voice of Kokoro says its language. */
const kokoroLanguages: Readonly<Record<string, string>> = {
  a: 'en-US',
  b: 'en-GB',
  e: 'es',
  f: 'fr-FR',
  h: 'hi',
  i: 'it',
  j: 'ja',
  p: 'pt-BR',
  z: 'zh',
}

/** `af_heart`: American, female, called Heart. */
function readKokoroName(id: string): { name: string; gender: Gender; language: string } | undefined {
  const [, letter = '', gender, name = ''] = /^([abefhijpz])([fm])_(?:v0)?([a-z]+)$/.exec(id) ?? []
  const language = kokoroLanguages[letter]
  if (language === undefined) return undefined
  return { name: name.charAt(0).toUpperCase() + name.slice(1), gender: gender === 'f' ? 'female' : 'male', language }
}

/**
 * The voices that every model of OpenAI's has, and that servers without a list take the names of. Their genders are as they
 * sound.
 */
const known: Readonly<Record<string, Gender>> = {
  alloy: 'neutral',
  ash: 'male',
  coral: 'female',
  echo: 'male',
  fable: 'neutral',
  nova: 'female',
  onyx: 'male',
  sage: 'female',
  shimmer: 'female',
}

export const wellKnownVoices: readonly EngineVoice[] = Object.entries(known).map(([id, gender]) => ({
  id,
  name: id.charAt(0).toUpperCase() + id.slice(1),
  gender,
  language: 'en',
  description: `What the TTS server speaks with when it is asked for ${id}. It may speak more than English.`,
}))

/** By what the models that speak are known among others. */
const speaks = /tts|speech|kokoro|piper|voice/i

/**
 * The model to ask with, where nobody has said which: the usual name where the server knows it, else the first that speaks by
 * its name, else the only one.
 */
export function chooseModel(models: readonly string[]): string {
  const [first, ...others] = models
  if (models.includes(usualModel)) return usualModel
  return models.find((id) => speaks.test(id)) ?? (others.length === 0 && first !== undefined ? first : usualModel)
}

/** What servers take for whatever they have. */
const usualModel = 'tts-1'
