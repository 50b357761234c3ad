import type { ListSamplesInput, Loqui, Sample } from '@loqui/sdk'
import { UsageError } from '../failure.ts'
import { onInterrupt } from '../interruption.ts'
import { type Column, note, print, printJson, printList, seconds } from '../print.ts'
import { openProgress, uploadBar } from '../progress.ts'

const columns: readonly Column<Sample>[] = [
  ['ID', ({ id }) => id],
  ['NAME', ({ name }) => name],
  ['FOR', ({ purpose }) => purpose],
  ['LENGTH', ({ durationMs }) => seconds(durationMs)],
  ['FORMAT', ({ container, codec }) => (container === codec ? codec : `${container} ${codec}`)],
  ['QUALITY', ({ quality }) => quality.rating],
  ['CONSENT', ({ consentId }) => consentId ?? 'none'],
  ['CREATED', ({ createdAt }) => createdAt],
]

export interface ListSamplesOptions extends Pick<ListSamplesInput, 'purpose' | 'search'> {
  readonly limit: number
}

/** The newest samples. */
export async function listSamples(
  loqui: Loqui,
  { limit, ...filter }: ListSamplesOptions,
  json: boolean,
): Promise<void> {
  const items: Sample[] = []
  for await (const item of loqui.samples.list({ ...filter, limit: Math.min(limit, 100) })) {
    items.push(item)
    if (items.length === limit) break
  }
  printList(items, columns, json)
}

export interface UploadOptions {
  readonly name?: string | undefined
  readonly purpose?: Sample['purpose'] | undefined
  readonly quiet?: boolean | undefined
}

/** Uploads a file, or standard input for `-`, and prints its id alone, so that it can be kept. */
export async function uploadSample(
  loqui: Loqui,
  file: string,
  { quiet = false, ...options }: UploadOptions,
  json: boolean,
): Promise<void> {
  if (file === '-' && options.name === undefined) throw new UsageError('Say --name: standard input has none.')
  using interruption = onInterrupt()
  const sample = await sendFile(loqui, file, { ...options, quiet, signal: interruption.signal })
  if (json) return printJson(sample)
  print([sample.id])
  if (!quiet) note(describe(sample))
}

/** Uploads one file and shows how far it is. */
export async function sendFile(
  loqui: Loqui,
  file: string,
  { quiet = false, signal, ...options }: UploadOptions & { readonly signal: AbortSignal },
): Promise<Sample> {
  using progress = openProgress(process.stderr, quiet)
  return loqui.samples.upload(file === '-' ? process.stdin : file, {
    ...options,
    signal,
    onProgress: (sent) => progress.show(uploadBar(sent)),
  })
}

/** What is worth knowing of a sample before a voice is made from it. */
export const describe = ({ name, durationMs, speechMs, quality }: Sample) =>
  [
    `${name}: ${seconds(durationMs)}, ${seconds(speechMs)} of it speech, ${quality.rating}.`,
    ...quality.advice.map(({ message }) => `  ${message}`),
  ].join('\n')

export async function deleteSample(loqui: Loqui, id: string, json: boolean): Promise<void> {
  await loqui.samples.delete(id)
  if (json) printJson({ id })
  else note(`${id} is deleted.`)
}
