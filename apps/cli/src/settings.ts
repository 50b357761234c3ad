import type { SpeakSettings } from '@loqui/sdk'

/** How to speak, as it is typed. What the voice's engine does not take is refused with what it does. */
export interface SettingOptions extends Omit<SpeakSettings, 'language'> {
  readonly language?: string | undefined
}

/** Of all options those that say how to speak. */
export const settingsOf = ({
  speed,
  pitch,
  exaggeration,
  cfgWeight,
  temperature,
  topP,
  topK,
  repetitionPenalty,
  language,
}: SettingOptions): SpeakSettings => ({
  speed,
  pitch,
  exaggeration,
  cfgWeight,
  temperature,
  topP,
  topK,
  repetitionPenalty,
  language,
})
