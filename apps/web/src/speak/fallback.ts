import type { Voice } from '@loqui/sdk'
import type { MoreSettings } from './settings.ts'

/** A voice that may speak in the place of another, as a draft remembers it. */
export type Fallback = Pick<Voice, 'id' | 'engine' | 'language'>

type Speaking = Pick<Voice, 'engine' | 'language' | 'settings'>

/** The engine that is built in does not fail: there is nothing to fall back from. */
const builtIn = 'offline'

const base = (tag: string) => tag.toLowerCase().split('-', 1)[0]

/** Of a language that nobody has told, or a voice that speaks any. */
const anyLanguage: ReadonlySet<string | undefined> = new Set(['und', 'mul'])

/** Whether a voice can speak where the engine of another one does not work: by another engine, in the same language. */
export function canStandIn(fallback: Fallback, voice: Speaking, { language }: MoreSettings): boolean {
  const asked = language ?? voice.settings.language ?? voice.language
  const [own, other] = [base(asked), base(fallback.language)]
  return fallback.engine !== voice.engine && (own === other || anyLanguage.has(own) || anyLanguage.has(other))
}

/** The voices to choose a fallback from; none where there is nothing to fall back from. */
export const fallbacksFor = (
  voices: readonly Voice[],
  voice: Speaking & Pick<Voice, 'fallbackVoiceId'>,
  settings: MoreSettings,
): Voice[] =>
  voices.filter(
    (each) =>
      each.id === voice.fallbackVoiceId ||
      (voice.engine !== builtIn && each.available && canStandIn(each, voice, settings)),
  )
