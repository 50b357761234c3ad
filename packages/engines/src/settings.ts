import type { EngineSettings, SettingRange, SpeakRefusal, SpeakSettings } from './engine.ts'

/** What asks for nothing, and is taken by every engine: clients send it because their forms have a slider for it. */
const neutral: SpeakSettings = { speed: 1, pitch: 0 }

/** Holds settings to what an engine takes. @param name of the engine, as a sentence has it. */
export function checkSettings(name: string, takes: EngineSettings, settings: SpeakSettings): SpeakRefusal | null {
  for (const key of Object.keys(settings) as (keyof SpeakSettings)[]) {
    const value = settings[key]
    const range = takes[key]
    if (value === undefined || (!range && value === neutral[key])) continue
    const message = range ? outside(range, value) : `${name} does not take this setting; ${listed(takes)}.`
    if (message !== null) return { field: `settings.${key}`, message }
  }
  return null
}

/**
 * What an engine takes of settings that were chosen for another one: a number as near as it goes, and of what it does not know
 * nothing.
 */
export function takenOf(takes: EngineSettings, settings: SpeakSettings): SpeakSettings {
  const taken = Object.entries(settings).flatMap(([name, value]) => {
    const range = takes[name as keyof SpeakSettings]
    if (!range) return []
    if (outside(range, value) === null) return [[name, value] as const]
    if ('values' in range || typeof value !== 'number') return []
    const near = Math.min(range.max, Math.max(range.min, value))
    return [[name, range.whole ? Math.round(near) : near] as const]
  })
  return Object.fromEntries(taken)
}

function outside(range: SettingRange, value: number | string): string | null {
  if ('values' in range) {
    return range.values.some((each) => each === value)
      ? null
      : `expected one of ${range.values.join(', ')}, got ${JSON.stringify(value)}.`
  }
  const { min, max, whole = false } = range
  const fits = typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value))
  return fits ? null : `expected a ${whole ? 'whole number' : 'number'} from ${min} to ${max}, got ${value}.`
}

function listed(takes: EngineSettings): string {
  const names = Object.keys(takes)
  return names.length === 0 ? 'it takes none' : `it takes ${names.join(', ')}`
}
