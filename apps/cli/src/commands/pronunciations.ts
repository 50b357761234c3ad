import type { CreatePronunciationInput, Loqui, Pronunciation, UpdatePronunciationInput } from '@loqui/sdk'
import { UsageError } from '../failure.ts'
import { type Column, note, printJson, printList } from '../print.ts'

const columns: readonly Column<Pronunciation>[] = [
  ['ID', ({ id }) => id],
  ['WRITTEN', ({ phrase }) => phrase],
  ['SAID', ({ replacement }) => replacement],
  ['CASE', ({ caseSensitive }) => (caseSensitive ? 'as written' : 'any')],
  ['LANGUAGE', ({ language }) => language ?? 'all'],
  ['VOICE', ({ voiceId }) => voiceId ?? 'all'],
]

export async function listPronunciations(loqui: Loqui, json: boolean): Promise<void> {
  printList(await Array.fromAsync(loqui.pronunciations.list({ limit: 100 })), columns, json)
}

export async function addPronunciation(loqui: Loqui, input: CreatePronunciationInput, json: boolean): Promise<void> {
  const made = await loqui.pronunciations.create(input)
  if (json) printJson(made)
  else note(`“${made.phrase}” is said “${made.replacement}” from now on (${made.id}).`)
}

/** @throws {UsageError} when nothing is to change. */
export async function updatePronunciation(
  loqui: Loqui,
  id: string,
  input: UpdatePronunciationInput,
  json: boolean,
): Promise<void> {
  if (Object.values(input).every((value) => value === undefined)) {
    throw new UsageError('Say what is to change: --help lists what can.')
  }
  const changed = await loqui.pronunciations.update(id, input)
  if (json) printJson(changed)
  else note(`“${changed.phrase}” is said “${changed.replacement}” from now on (${changed.id}).`)
}

export async function deletePronunciation(loqui: Loqui, id: string, json: boolean): Promise<void> {
  await loqui.pronunciations.delete(id)
  if (json) printJson({ id })
  else note(`${id} is deleted.`)
}
