import type { Loqui, Voice } from '@loqui/sdk'
import { UsageError } from './failure.ts'

/** The voice that is to speak where an engine does not work; `null`: none, undefined: as the voice says. @throws {UsageError} */
export async function findFallback(
  loqui: Loqui,
  wanted: string | false | undefined,
  signal?: AbortSignal,
): Promise<string | null | undefined> {
  if (wanted === false) return null
  return wanted === undefined ? undefined : findVoice(loqui, wanted, signal)
}

/**
 * The voice that is meant: by id, by an alias or a name in any case, or the first that can speak when none is named.
 *
 * @throws {UsageError} when there is none of that name.
 */
export async function findVoice(loqui: Loqui, wanted: string | undefined, signal?: AbortSignal): Promise<string> {
  if (wanted?.startsWith('voi_')) return wanted
  const voices: Voice[] = []
  for await (const voice of loqui.voices.list({ limit: 100 }, { signal })) {
    if (wanted === undefined && voice.available) return voice.id
    voices.push(voice)
  }
  if (wanted === undefined) throw new UsageError('This Loqui has no voice that can speak.')
  // As Loqui itself takes it: what somebody calls a voice stands before what another is called.
  const called = voices.filter(({ name }) => name.localeCompare(wanted, undefined, { sensitivity: 'base' }) === 0)
  const found =
    voices.find(({ aliases }) => aliases.includes(wanted.toLowerCase())) ??
    // Of one name those go first that can speak: a voice whose consent was revoked stays in the list.
    called.find(({ available }) => available) ??
    called[0]
  if (found) return found.id
  throw new UsageError(`There is no voice “${wanted}”. There are: ${voices.map(({ name }) => name).join(', ')}.`)
}
