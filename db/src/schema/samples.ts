import type { Generated, JSONColumnType, Selectable } from 'kysely'

/** What a sample is for: to clone a voice from, or to prove a consent. */
export type SamplePurpose = 'voice' | 'consent'

/** What was measured beside length and rate. All of it of the decoded audio, mixed down to one channel. */
export interface SampleMeasurements {
  /** Integrated loudness by EBU R128, in LUFS; `null` where there is too little sound to tell. */
  loudnessLufs: number | null
  /** Highest level, in dBFS. */
  peakDbfs: number
  /** How much of it is speech rather than pause, in milliseconds. */
  speechMs: number
  /** Share of samples at full scale, 0 to 1. */
  clippedShare: number
  /** Level of the quiet parts, in dBFS. */
  noiseDbfs: number
  /** Median of the voice's fundamental frequency, in hertz; `null` where none was found. */
  pitchHz: number | null
  /** Syllables in a second of speech; `null` where there is too little to tell. */
  syllablesPerSecond: number | null
}

export interface SampleTable {
  id: string
  user_id: string
  purpose: SamplePurpose
  name: string
  container: string
  codec: string
  audio_key: string
  audio_bytes: number
  audio_sha256: string
  duration_ms: number
  sample_rate: number
  channels: number
  measured: JSONColumnType<SampleMeasurements>
  /** Of each of equal parts the highest level, 0 to 255. */
  peaks: Buffer
  created_at: Generated<Date>
  deleted_at: Date | null
  purged_at: Date | null
}

/** An upload under way. Its id becomes the sample's. */
export interface UploadTable {
  id: string
  user_id: string
  audio_key: string
  reserved_bytes: number
  /** Unless it is renewed before. */
  expires_at: Date
}

export type SampleRow = Selectable<SampleTable>
