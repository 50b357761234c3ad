import type { Voice } from '@loqui/sdk'
import type { MoreSettings } from './settings.ts'

/** A voice that may speak in the place of another, as a draft remembers it. */
export type Fallback = Pick<Voice, 'id' | 'engine' | 'language'>

type Speaking = Pick<Voice, 'engine' | 'language' | 'settings'>

/** The engine that is built in does not fail: there is nothing to fall back from. */
const builtIn = 'offline'

const base = (tag: string) => tag.toLowerCase().split('-', 1)[0]

/** Whether a voice can speak where the engine of another one does not work: by another engine, in the same language. */
export function canStandIn(fallback: Fallback, voice: Speaking, { language }: MoreSettings): boolean {
  const asked = language ?? voice.settings.language ?? voice.language
  return fallback.engine !== voice.engine && base(fallback.language) === base(asked)
}

/** The voices to choose a fallback from; none where there is nothing to fall back from. */
export const fallbacksFor = (voices: readonly Voice[], voice: Speaking, settings: MoreSettings): Voice[] =>
  voice.engine === builtIn ? [] : voices.filter((each) => each.available && canStandIn(each, voice, settings))
