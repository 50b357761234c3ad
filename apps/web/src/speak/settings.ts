import type { SpeakSettings, Voice } from '@loqui/sdk'

/** What an engine may take beside speed and pitch. */
export type MoreSettings = Omit<SpeakSettings, 'speed' | 'pitch'>

type Takes = Voice['takes']
type Range = NonNullable<Takes[keyof Takes]>
export type NumberRange = Extract<Range, { min: number }>

/** A setting between two numbers, as it is called and explained. */
export interface NumberSetting {
  readonly name: Exclude<keyof MoreSettings, 'language'>
  readonly label: string
  readonly hint: string
}

/** In the order in which they are shown. */
export const numberSettings: readonly NumberSetting[] = [
  { name: 'exaggeration', label: 'Expression', hint: 'From flat to theatrical' },
  { name: 'cfgWeight', label: 'Closeness', hint: 'To the way of speaking of the recording; less is slower' },
  { name: 'temperature', label: 'Variety', hint: 'How much is left to chance' },
  { name: 'topP', label: 'Likeliest share', hint: 'Share of the likeliest sounds that is chosen from' },
  { name: 'topK', label: 'Likeliest sounds', hint: 'How many are chosen from' },
  { name: 'repetitionPenalty', label: 'Against repetition', hint: 'How much a sound is avoided that was just made' },
]

/** What a voice takes of a setting between two numbers; `undefined` where it does not take it. */
export function rangeOf(
  takes: Takes | undefined,
  name: NumberSetting['name'] | 'speed' | 'pitch',
): NumberRange | undefined {
  const range = takes?.[name]
  return range && 'min' in range ? range : undefined
}

/** The languages that a voice has to be told, and which it speaks untold; `undefined` where it is told none. */
export function languagesOf(takes: Takes | undefined): { values: readonly string[]; default: string } | undefined {
  const range = takes?.language
  return range && 'values' in range ? range : undefined
}

/** Whether a seed makes a difference: the engine leaves something to chance. */
export const takesSeed = (takes: Takes | undefined): boolean => rangeOf(takes, 'temperature') !== undefined

/** A draft has these in any case: so they ask for nothing. */
const neutral: SpeakSettings = { speed: 1, pitch: 0 }

/** Of what was set for any voice, that which this one takes and does not do anyway. */
export function settingsFor(
  { takes, settings: own }: Pick<Voice, 'takes' | 'settings'>,
  wanted: SpeakSettings,
): SpeakSettings {
  const settings: Record<string, number | string> = {}
  for (const [name, range] of Object.entries(takes)) {
    const key = name as keyof SpeakSettings
    const value = wanted[key]
    if (value === undefined || range === undefined) continue
    if (value === (neutral[key] ?? own[key] ?? range.default)) continue
    const fits =
      'min' in range
        ? typeof value === 'number' && value >= range.min && value <= range.max
        : range.values.includes(String(value))
    if (fits) settings[name] = value
  }
  return settings
}
