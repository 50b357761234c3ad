import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { AudioFormat, Generation, Loqui } from '@loqui/sdk'
import { type AudioSink, formatOf, freeName, openAudioFile, standardOutput } from '../audio-file.ts'
import { UsageError } from '../failure.ts'
import { onInterrupt } from '../interruption.ts'
import { note, print, printJson, seconds } from '../print.ts'

/** One generation, with its text. */
export async function showGeneration(loqui: Loqui, id: string, json: boolean): Promise<void> {
  const generation = await loqui.generations.get(id)
  if (json) printJson(generation)
  else print(describe(generation))
}

function describe({ id, title, state, segments, durationMs, format, chargedMs, createdAt, error, text }: Generation) {
  return [
    `${id}${title === null ? '' : `  ${title}`}`,
    `State    ${state}${error ? `: ${error.message}` : ''}, ${segments.done} of ${segments.total} parts`,
    `Length   ${durationMs === null ? 'not known yet' : `${seconds(durationMs)}, ${format}`}`,
    `Charged  ${chargedMs === null ? 'not yet' : seconds(chargedMs)}`,
    `Created  ${createdAt}`,
    '',
    text,
  ]
}

export interface DownloadOptions {
  readonly output?: string | undefined
  readonly format?: AudioFormat | undefined
  readonly quiet?: boolean | undefined
}

/** The audio of a generation, into a file or standard output. */
export async function downloadAudio(
  loqui: Loqui,
  id: string,
  { output, format, quiet = false }: DownloadOptions,
  json: boolean,
): Promise<void> {
  if (json && output === '-') throw new UsageError('With --json, say -o with a file: standard output cannot hold both.')
  const wanted = format ?? (output === undefined || output === '-' ? undefined : formatOf(output))
  using interruption = onInterrupt()
  const { signal } = interruption
  const file = output ?? freeName(wanted ?? (await loqui.generations.get(id, { signal })).format)
  const audio = await loqui.generations.audio(id, { format: wanted, signal })
  if (!audio.body) throw new Error('The audio came without a body.')
  await using sink: AudioSink = file === '-' ? standardOutput() : await openAudioFile(file)
  await sink.write(audio.body)
  if (json) printJson({ id, file })
  else if (file !== '-' && !quiet) note(`${file}: ${audio.headers.get('content-type')}`)
}

export const captionFormats = ['srt', 'vtt', 'json'] as const

export interface CaptionsOptions {
  readonly output?: string | undefined
  readonly format?: (typeof captionFormats)[number] | undefined
}

/** What is said when, into a file or onto standard output. */
export async function captions(
  loqui: Loqui,
  id: string,
  { output, format }: CaptionsOptions,
  json: boolean,
): Promise<void> {
  const wanted = format ?? (json ? 'json' : captionFormatOf(output))
  const text =
    wanted === 'json'
      ? `${JSON.stringify(await loqui.generations.captions(id), null, 2)}\n`
      : await loqui.generations.captions(id, wanted)
  if (output === undefined || output === '-') process.stdout.write(text)
  else await writeFile(output, text)
}

function captionFormatOf(output: string | undefined): (typeof captionFormats)[number] {
  if (output === undefined || output === '-') return 'srt'
  const ending = path.extname(output).slice(1).toLowerCase()
  const found = captionFormats.find((format) => format === ending)
  if (found) return found
  throw new UsageError(`${output}: the ending says no format. Use .srt, .vtt or .json, or say --format.`)
}

export interface LinkOptions {
  readonly format?: AudioFormat | undefined
  readonly expires?: number | undefined
}

/** Prints an address that whoever has it may open: alone, so that it can be sent on. */
export async function linkAudio(
  loqui: Loqui,
  id: string,
  { format, expires }: LinkOptions,
  json: boolean,
): Promise<void> {
  const link = await loqui.generations.link(id, { format, expiresInSeconds: expires })
  if (json) return printJson(link)
  print([link.url])
  note(`Whoever has it may open it, until ${link.expiresAt}.`)
}

export async function deleteGenerations(loqui: Loqui, ids: readonly string[], json: boolean): Promise<void> {
  for (const id of ids) {
    await loqui.generations.delete(id)
    if (!json) note(`${id} is deleted.`)
  }
  if (json) printJson(ids.map((id) => ({ id })))
}
