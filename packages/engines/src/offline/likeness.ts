import type { VoiceTraits } from '../engine.ts'
import { type OfflineVoice, offlineVoices } from './voices.ts'

/** One of our voices with the pitch and pace of somebody else's: all that this engine can follow of a sample. */
export interface Likeness {
  readonly voice: OfflineVoice
  /** Of speech, against the voice's own. */
  readonly pace: number
}

/** A voice that others are made of, and what it is like by itself. */
interface Base {
  readonly id: string
  /** As the inspection of samples measures it: see packages/audio/src/inspect. */
  readonly syllablesPerSecond: number
  /**
   * What Flite has to be told so that the median of its speech is a wanted one, in parts of that: its targets lie above
   * what is heard. Measured in November 2026 over 90 to 240 Hz.
   */
  readonly target: number
}

const low: Base = { id: 'angus', syllablesPerSecond: 4.4, target: 1.03 }
const high: Base = { id: 'stella', syllablesPerSecond: 4.4, target: 1.03 }

/** Where the one voice sounds better than the other, in hertz; who says that it is a man's or a woman's is believed. */
const boundaries = { female: 120, neutral: 155, male: 200 }
/** Of voices that speak, in hertz. */
const lowest = 60
const highest = 340
/** Nobody is followed further than this: beyond it words suffer. */
const slowest = 0.75
const fastest = 1.35

const pattern = /^(angus|stella)@(\d{2,3}(?:\.\d)?|own)x(\d\.\d\d)$/

/** What the voice that is like these traits is called: base, pitch in hertz and pace, such as `angus@118.5x1.05`. */
export function likeVoice({ pitchHz, syllablesPerSecond, gender = 'neutral' }: VoiceTraits): string {
  const base = pitchHz === null ? (gender === 'female' ? high : low) : pitchHz < boundaries[gender] ? low : high
  const pitch = pitchHz === null ? 'own' : round(clamp(pitchHz, lowest, highest), 1)
  const pace = syllablesPerSecond === null ? 1 : clamp(syllablesPerSecond / base.syllablesPerSecond, slowest, fastest)
  return `${base.id}@${pitch}x${pace.toFixed(2)}`
}

/** Reads what `likeVoice` made; `undefined` for anything else. */
export function readLikeness(id: string): Likeness | undefined {
  const [, name, hertz, pace] = pattern.exec(id) ?? []
  const base = [low, high].find((each) => each.id === name)
  const voice = offlineVoices.find((each) => each.id === name)
  if (!base || !voice?.pitch || hertz === undefined) return undefined
  const mean = hertz === 'own' ? voice.pitch.mean : Number(hertz) * base.target
  const deviation = (voice.pitch.deviation * mean) / voice.pitch.mean
  return { voice: { ...voice, id, pitch: { mean, deviation } }, pace: Number(pace) }
}

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value))
const round = (value: number, digits: number) => Number(value.toFixed(digits))
