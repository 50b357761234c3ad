import type { Voice } from '@loqui/sdk'
import { useLoqui } from '@loqui/sdk/react'
import { useQuery } from '@tanstack/react-query'
import { formatLanguage } from '../format.ts'

const largestPage = 100

/** Every voice of the account: few enough to filter where they are shown. */
export function useVoices() {
  const loqui = useLoqui()
  return useQuery({
    queryKey: ['voices'],
    queryFn: ({ signal }) => Array.fromAsync(loqui.voices.list({ limit: largestPage }, { signal })),
    staleTime: 5 * 60_000,
  })
}

/** What to call a voice, also while or after it is not among the account's. */
export function useVoiceName(voiceId: string): string {
  const { data, isPending } = useVoices()
  return data?.find((voice) => voice.id === voiceId)?.name ?? (isPending ? '' : 'A voice no longer here')
}

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

/** The languages that some voice speaks, as choices. */
export function languageOptions(voices: readonly Voice[]): { value: string; label: string }[] {
  const languages = [...new Set(voices.map((voice) => baseLanguage(voice.language)))]
  return languages
    .map((value) => ({ value, label: formatLanguage(value) }))
    .sort((a, b) => a.label.localeCompare(b.label))
}
