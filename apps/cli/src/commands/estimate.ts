import type { Loqui } from '@loqui/sdk'
import { dollars, print, printJson, seconds } from '../print.ts'
import { type SettingOptions, settingsOf } from '../settings.ts'
import { readText } from '../text.ts'
import { findFallback, findVoice } from '../voice.ts'

export interface EstimateOptions extends SettingOptions {
  readonly file?: string | undefined
  readonly voice?: string | undefined
  /** `false`: none. */
  readonly fallback?: string | false | undefined
  readonly normalize?: boolean | undefined
  readonly json?: boolean | undefined
}

/** Says how long a text will be and what it takes, and makes nothing. */
export async function estimate(
  connect: () => Loqui,
  words: readonly string[],
  { file, voice, fallback, normalize, json = false, ...options }: EstimateOptions,
): Promise<void> {
  const text = await readText(words, file)
  const loqui = connect()
  const voiceId = await findVoice(loqui, voice)
  const fallbackVoiceId = await findFallback(loqui, fallback)
  const asked = { text, voiceId, fallbackVoiceId, settings: settingsOf(options), normalize }
  const found = await loqui.generations.estimate(asked)
  if (json) return printJson(found)
  const left = found.fits ? `${seconds(found.remainingAfterMs)} left while it runs` : 'more than is left'
  print([
    `Length  ${seconds(found.estimatedMs)}, at most ${seconds(found.reservedMs)}`,
    `Quota   ${seconds(found.remainingMs)} left now, ${left}`,
    `Cost    ${dollars(found.costMicros)}`,
    `Parts   ${found.segments}`,
  ])
}
