import type { SpeechEstimate } from '../engine.ts'
import type { OfflineVoice } from './voices.ts'

export function estimateSpeech(text: string, voice: OfflineVoice, speed: number): SpeechEstimate {
  const expectedMs = Math.ceil((300 + text.length * 60) / speed)
  return { expectedMs, maxMs: Math.ceil((1000 + text.length * 700) / speed) }
}
