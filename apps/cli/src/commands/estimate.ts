import type { Loqui } from '@loqui/sdk'
import { dollars, print, printJson, seconds } from '../print.ts'
import { readText } from '../text.ts'
import { findVoice } from '../voice.ts'

export interface EstimateOptions {
  readonly file?: string | undefined
  readonly voice?: string | undefined
  readonly speed?: number | undefined
  readonly pitch?: number | undefined
  readonly json?: boolean | undefined
}

/** Says how long a text will be and what it takes, and makes nothing. */
export async function estimate(
  connect: () => Loqui,
  words: readonly string[],
  { file, voice, speed, pitch, json = false }: EstimateOptions,
): Promise<void> {
  const text = await readText(words, file)
  const loqui = connect()
  const voiceId = await findVoice(loqui, voice)
  const found = await loqui.generations.estimate({ text, voiceId, settings: { speed, pitch } })
  if (json) return printJson(found)
  const left = found.fits ? `${seconds(found.remainingAfterMs)} left while it runs` : 'more than is left'
  print([
    `Length  ${seconds(found.estimatedMs)}, at most ${seconds(found.reservedMs)}`,
    `Quota   ${seconds(found.remainingMs)} left now, ${left}`,
    `Cost    ${dollars(found.costMicros)}`,
    `Parts   ${found.segments}`,
  ])
}
