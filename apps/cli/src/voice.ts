import type { Loqui, Voice } from '@loqui/sdk'
import { UsageError } from './failure.ts'

/**
 * The voice that is meant: by id, by name in any case, or the first one when none is named.
 *
 * @throws {UsageError} when there is none of that name.
 */
export async function findVoice(loqui: Loqui, wanted: string | undefined, signal?: AbortSignal): Promise<string> {
  if (wanted?.startsWith('voi_')) return wanted
  const names: string[] = []
  for await (const { id, name } of loqui.voices.list({ limit: 100 }, { signal })) {
    if (wanted === undefined || isNamed(name, wanted)) return id
    names.push(name)
  }
  throw new UsageError(
    wanted === undefined
      ? 'This Loqui has no voices.'
      : `There is no voice “${wanted}”. There are: ${names.join(', ')}.`,
  )
}

const isNamed = (name: Voice['name'], wanted: string) =>
  name.localeCompare(wanted, undefined, { sensitivity: 'base' }) === 0
