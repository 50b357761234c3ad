import { createHash } from 'node:crypto'
import type { VoiceRow } from '@loqui/db/schema/voices'
import type { Engine } from '@loqui/engines/engine'
import { wireId } from '../ids.ts'
import { previewText } from './preview-text.ts'

type Previewed = Pick<VoiceRow, 'id' | 'engine' | 'engine_voice' | 'language' | 'settings'>

/** Raise it when previews are made in another way. */
const making = 1

/** Of a preview: another one where what is said, or how, is another. */
export function previewVersion({ engine, engine_voice, language, settings }: Previewed): string {
  const made = JSON.stringify([making, engine, engine_voice, previewText(language), settings])
  return createHash('sha256').update(made).digest('base64url').slice(0, 12)
}

/** Whether an engine asks for no money: then its voices can be heard without anybody being charged. */
export const isFree = (engine: Engine) => engine.price(previewText('en')) === 0

export const previewPath = (voice: Previewed) =>
  `/api/v1/voices/${wireId('voice', voice.id)}/preview?v=${previewVersion(voice)}`
