import { type Container, containerInfo } from '@loqui/audio/inspect/container'
import type { SamplePurpose, SampleRow } from '@loqui/db/schema/samples'
import { wireId } from '../ids.ts'
import { qualityOf, type SampleQuality } from './quality.ts'

/** Audio that a person gave, as its owner sees it: all of it was measured, and none of it is what the sender said. */
export interface Sample {
  /** `smp_…` */
  id: string
  /** What it is for: to make a voice from, or to prove a consent. */
  purpose: SamplePurpose
  name: string
  container: Container
  /** Such as `pcm-s16`, `opus`, `aac`. */
  codec: string
  contentType: string
  bytes: number
  /** Lower-case hex SHA-256 of the bytes. */
  sha256: string
  /** Of the decoded audio. */
  durationMs: number
  /** In hertz. */
  sampleRate: number
  channels: number
  /** Integrated loudness by EBU R128; `null` where there is too little sound to tell. */
  loudnessLufs: number | null
  /** Highest level, in dBFS. */
  peakDbfs: number
  /** How much of it is speech rather than pause. */
  speechMs: number
  /** Median of the voice's fundamental frequency, in hertz; `null` where none was found. */
  pitchHz: number | null
  /** The waveform: of each of 200 equal parts the highest level, 0 to 1. */
  peaks: number[]
  /** How well it serves to make a voice from. */
  quality: SampleQuality
  /** `con_…`: a consent that covers it and holds; `null` where there is none. */
  consentId: string | null
  /** ISO 8601. */
  createdAt: string
}

export interface SampleSelection extends SampleRow {
  consent_id: string | null
}

const peaksShown = 200

export function toSample(row: SampleSelection): Sample {
  const { measured } = row
  return {
    id: wireId('sample', row.id),
    purpose: row.purpose,
    name: row.name,
    container: row.container as Container,
    codec: row.codec,
    contentType: containerInfo[row.container as Container].contentType,
    bytes: row.audio_bytes,
    sha256: row.audio_sha256,
    durationMs: row.duration_ms,
    sampleRate: row.sample_rate,
    channels: row.channels,
    loudnessLufs: measured.loudnessLufs,
    peakDbfs: measured.peakDbfs,
    speechMs: measured.speechMs,
    pitchHz: measured.pitchHz,
    peaks: foldPeaks(row.peaks),
    quality: qualityOf({ ...measured, durationMs: row.duration_ms, sampleRate: row.sample_rate }),
    consentId: row.consent_id === null ? null : wireId('consent', row.consent_id),
    createdAt: row.created_at.toISOString(),
  }
}

/** Of as many equal parts as are shown the highest level, 0 to 1, to three digits: a waveform of some 1,000 characters. */
function foldPeaks(peaks: Uint8Array): number[] {
  return Array.from(
    { length: Math.min(peaksShown, peaks.length) },
    (_, part, parts = Math.min(peaksShown, peaks.length)) => {
      const [start, end] = [Math.floor((part * peaks.length) / parts), Math.floor(((part + 1) * peaks.length) / parts)]
      return Math.round((Math.max(...peaks.subarray(start, end)) / 255) * 1_000) / 1_000
    },
  )
}
