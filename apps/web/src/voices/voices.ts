import type { Voice } from '@loqui/sdk'
import { useLoqui } from '@loqui/sdk/react'
import { useQuery } from '@tanstack/react-query'
import { formatLanguage } from '../format.ts'

const largestPage = 100

/** Every voice of the account, its own first: few enough to filter where they are shown. */
export function useVoices() {
  const loqui = useLoqui()
  return useQuery({
    queryKey: ['voices'],
    queryFn: async ({ signal }) => {
      const voices = await Array.fromAsync(loqui.voices.list({ limit: largestPage }, { signal }))
      return voices.toSorted((a, b) => Number(b.kind === 'cloned') - Number(a.kind === 'cloned'))
    },
    staleTime: 5 * 60_000,
  })
}

/** What to call a voice, also while or after it is not among the account's, and whether it is a preview. */
export function useVoice(voiceId: string | null): { name: string; isPreview: boolean } {
  const { data, isPending } = useVoices()
  const voice = data?.find(({ id }) => id === voiceId)
  return {
    name: voice?.name ?? (isPending ? '' : 'A voice no longer here'),
    isPreview: voice !== undefined && isPreview(voice),
  }
}

/** Whether a voice follows its samples' pitch and pace only, which has to be said wherever it is shown. */
export const isPreview = ({ fidelity }: Voice) => fidelity === 'preview'

/** Why a voice cannot speak, in a sentence. */
export const obstacles: Record<NonNullable<Voice['unavailable']>, string> = {
  engine_not_configured: 'Its engine is not set up here.',
  consent_revoked: 'The consent to it was revoked.',
  consent_expired: 'The consent to it has expired.',
  samples_deleted: 'Samples it was made from were deleted.',
}

/** The voice that speaks: the one that was chosen, while it can, or the first that can. */
export const pickVoice = (voices: readonly Voice[], chosenId: string | null): Voice | undefined =>
  voices.find(({ id, available }) => available && id === chosenId) ?? voices.find(({ available }) => available)

export type Gender = Voice['gender']

export const genderLabels: Record<Gender, string> = { female: 'Female', male: 'Male', neutral: 'Neutral' }

/** Which voices to show. */
export interface VoiceFilter {
  gender: Gender | 'any'
  /** The language without its region, such as `en`. */
  language: string
}

export const everyVoice: VoiceFilter = { gender: 'any', language: 'any' }

const baseLanguage = (tag: string) => tag.split('-', 1)[0] ?? tag

export function filterVoices(voices: readonly Voice[], { gender, language }: VoiceFilter): Voice[] {
  return voices.filter(
    (voice) =>
      (gender === 'any' || voice.gender === gender) &&
      (language === 'any' || baseLanguage(voice.language) === language),
  )
}

/** Languages as choices, each once and without its region. */
export function languageOptions(tags: readonly string[]): { value: string; label: string }[] {
  const languages = [...new Set(tags.map(baseLanguage))]
  return languages
    .map((value) => ({ value, label: formatLanguage(value) }))
    .sort((a, b) => a.label.localeCompare(b.label))
}
