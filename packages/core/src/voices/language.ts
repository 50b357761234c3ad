import type { EngineSettings } from '@loqui/engines/engine'

/** `en` of `en-US`. */
export const primary = (tag: string) => tag.toLowerCase().split('-', 1)[0] ?? tag

/** Whether an engine can be told to speak a language (BCP 47). */
export function takesLanguage({ language }: EngineSettings, tag: string): boolean {
  return language !== undefined && 'values' in language && language.values.includes(primary(tag))
}
