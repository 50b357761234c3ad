import { type AudioFormat, audioFormatInfo, audioFormats, loudnessRange } from '@loqui/audio/format'
import { chooseOutput, type Output, type OutputRequest } from '@loqui/audio/output'
import type { GenerationRow } from '@loqui/db/schema/generations'
import { z } from 'zod'
import { Refusal } from '../errors.ts'

/** How audio is asked for. What is not said goes with the speech, else is as the format usually has it. */
export const outputInput = {
  format: z.enum(audioFormats),
  /** In hertz. */
  sampleRate: z.number().nullish(),
  /** In kbit/s, of formats that have a choice of them. */
  bitRate: z.number().nullish(),
  /** Integrated loudness to bring it to, in LUFS. `null`: as the engine speaks. */
  loudness: z.number().min(loudnessRange.from).max(loudnessRange.to).nullish(),
}

/** In addresses, which have no `null`: a loudness as the engine speaks. */
export const asSpoken = 'none'

/**
 * How audio will be made that is asked for so.
 *
 * @throws {Refusal} `invalid_input`, with the field that the format does not take.
 */
export function readOutput(input: OutputRequest): Output {
  const output = chooseOutput(input)
  if (!('refused' in output)) return output
  const issues = [{ field: output.refused, message: output.message }]
  throw new Refusal('invalid_input', `${output.refused}: ${output.message}`, { issues })
}

/**
 * How a generation's audio is asked for. Without a word, as it is; in another format, rate or bit rate, as loud as it is, and
 * what does not go with that as the format usually has it. A file that tells its rate has that of its own, or the next that will do.
 *
 * @throws {Refusal} as {@link readOutput}.
 */
export function readOutputOf(
  row: OutputRow,
  input: Omit<OutputRequest, 'format' | 'spokenAt'> & { readonly format?: AudioFormat | undefined },
): Output {
  const own = ownOutput(row)
  const format = input.format ?? own.format
  const sampleRate = input.sampleRate ?? (format === own.format ? own.sampleRate : undefined)
  const same = format === own.format && sampleRate === own.sampleRate
  const spokenAt = audioFormatInfo[own.format].tellsRate ? own.sampleRate : null
  return readOutput({
    format,
    sampleRate,
    bitRate: input.bitRate ?? (same ? own.bitRate : undefined),
    loudness: input.loudness === undefined ? own.loudness : input.loudness,
    spokenAt,
  })
}

/** How a generation's own audio is made. */
export function ownOutput(row: OutputRow): Output {
  // `create` writes no other format.
  const format = row.format as AudioFormat
  return { format, sampleRate: row.sample_rate, bitRate: row.bit_rate, loudness: row.loudness }
}

/** The columns that say how audio is made. */
export const outputColumns = ['format', 'sample_rate', 'bit_rate', 'loudness'] as const

export type OutputRow = Pick<GenerationRow, (typeof outputColumns)[number]>

/** How it is kept. */
export const toOutputRow = ({ format, sampleRate, bitRate, loudness }: Output): OutputRow => ({
  format,
  sample_rate: sampleRate,
  bit_rate: bitRate,
  loudness,
})
