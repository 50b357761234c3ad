import type { EngineVoice, Gender } from '../engine.ts'

/** Turbo's own voices. What they are like is not documented: genders are those of the names. */
const names: Readonly<Record<string, Gender>> = {
  Aaron: 'male',
  Abigail: 'female',
  Anaya: 'female',
  Andy: 'male',
  Archer: 'male',
  Brian: 'male',
  Chloe: 'female',
  Dylan: 'male',
  Emmanuel: 'male',
  Ethan: 'male',
  Evelyn: 'female',
  Gavin: 'male',
  Gordon: 'male',
  Ivan: 'male',
  Laura: 'female',
  Lucy: 'female',
  Madison: 'female',
  Marisol: 'female',
  Meera: 'female',
  Walter: 'male',
}

export const turboVoices: readonly EngineVoice[] = Object.entries(names).map(([name, gender]) => ({
  id: name,
  name,
  gender,
  language: 'en',
  description: `A ${gender} voice of Chatterbox Turbo, quick and lifelike. It follows [laugh], [sigh], [cough] and the like in a text.`,
}))
