import { type AudioFormat, audioFormatInfo, type SampleRate, sampleRates } from './format.ts'

/** How audio is made. */
export interface Output {
  readonly format: AudioFormat
  /** In hertz. */
  readonly sampleRate: number
  /** In kbit/s; `null` where it follows from the samples. */
  readonly bitRate: number | null
  /** Integrated loudness that it is brought to, in LUFS; `null`: as the engine spoke it. */
  readonly loudness: number | null
}

/** What was asked for; what was not goes with the speech, else is as the format usually has it. */
export interface OutputRequest {
  readonly format: AudioFormat
  readonly sampleRate?: number | null | undefined
  readonly bitRate?: number | null | undefined
  readonly loudness?: number | null | undefined
  /** The rate of the speech that it is made of, in hertz; `null` where that is not known. */
  readonly spokenAt?: number | null | undefined
}

/** Why a format cannot be made so: the field, and what is accepted. */
export interface OutputRefusal {
  readonly refused: 'sampleRate' | 'bitRate'
  readonly message: string
}

/** Says how audio will be made, or which field the format does not take. */
export function chooseOutput({ format, ...asked }: OutputRequest): Output | OutputRefusal {
  const { rates, usualSampleRate } = audioFormatInfo[format]
  const sampleRate = asked.sampleRate ?? sufficientRate(format, asked) ?? usualSampleRate
  const rate = isSampleRate(sampleRate) ? rates[sampleRate] : undefined
  if (!rate) {
    return { refused: 'sampleRate', message: `${format} takes ${list(takenRates(format))} Hz, not ${sampleRate}.` }
  }
  const { bitRates, usualBitRate } = rate
  const bitRate = asked.bitRate ?? usualBitRate
  if (bitRate !== null && !bitRates.includes(bitRate)) {
    const taken = `${format} at ${sampleRate} Hz takes ${list(bitRates)} kbit/s, not ${bitRate}.`
    const none = `${format} takes none: its bit rate follows from its sample rate.`
    return { refused: 'bitRate', message: bitRates.length > 0 ? taken : none }
  }
  return { format, sampleRate, bitRate, loudness: asked.loudness ?? null }
}

/** Some players know no MP3 and no AAC below it. In hertz. */
const lowestSufficientRate = 16_000

/**
 * The lowest rate, no higher than the usual one, that leaves nothing of the speech out and goes with the bit rate. Higher ones
 * would make the file larger and take longer to encode, for a band in which there is nothing.
 */
function sufficientRate(format: AudioFormat, { spokenAt, bitRate }: Omit<OutputRequest, 'format'>) {
  const { rates, usualSampleRate, tellsRate } = audioFormatInfo[format]
  if (!tellsRate || spokenAt == null) return undefined
  return takenRates(format).find((rate) => {
    const taken = bitRate == null || rates[rate]?.bitRates.includes(bitRate)
    return taken && rate >= Math.max(spokenAt, lowestSufficientRate) && rate <= usualSampleRate
  })
}

/** The rates that a format takes, in hertz, ascending. */
export const takenRates = (format: AudioFormat): SampleRate[] =>
  sampleRates.filter((sampleRate) => audioFormatInfo[format].rates[sampleRate])

const isSampleRate = (value: number): value is SampleRate => sampleRates.some((sampleRate) => sampleRate === value)

const list = (values: readonly number[]) =>
  new Intl.ListFormat('en', { type: 'disjunction' }).format(values.map(String))
