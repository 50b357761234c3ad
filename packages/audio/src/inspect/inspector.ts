import type { FileHandle } from 'node:fs/promises'
import type { Container } from './container.ts'

/** Finds out what a file is, by its content alone, in child processes with limits on time, CPU and memory. */
export interface Inspector {
  /**
   * Reads the open file, from its beginning and wherever its position is; the caller keeps and closes it. Files that come
   * while all processes are taken wait in line.
   *
   * @throws InspectionRefusal when the file is not audio that can be taken, the reason of `signal` when aborted, or an
   * error when the inspector was closed
   */
  inspect(file: FileHandle, options?: { readonly signal?: AbortSignal }): Promise<Inspection>
  /** Ends the processes; what is being inspected, or waits for it, is rejected. */
  close(): Promise<void>
}

/** What a file turned out to be. */
export interface Inspection {
  readonly container: Container
  /** Such as `pcm-s16`, `mp3`, `opus`, `vorbis`, `flac`, `aac`. */
  readonly codec: string
  /**
   * Of the decoded samples, without what the file says that an encoder added at the ends; where it cannot say (MP3 without
   * a tag, AAC in ADTS), without what encoders usually add.
   */
  readonly durationMs: number
  /** In hertz. */
  readonly sampleRate: number
  readonly channels: number
  /** The waveform: of each of `peakCount` equal parts the highest level of any channel, 0 to 255. */
  readonly peaks: Uint8Array<ArrayBuffer>
  readonly measured: Measurements
}

/** How many parts a waveform has. */
export const peakCount = 800

/** What was measured of the decoded samples. */
export interface Measurements {
  /** Integrated loudness of all channels by EBU R128, in LUFS; `null` where there is too little sound to tell. */
  readonly loudnessLufs: number | null
  /** Highest level of any channel, in dBFS. */
  readonly peakDbfs: number
  /** How much of it is sound rather than pause, in milliseconds. */
  readonly speechMs: number
  /** Share of samples at full scale, in runs of three and more, 0 to 1. */
  readonly clippedShare: number
  /** Level of the quiet parts, K-weighted, in dBFS; -120 where they hold nothing. */
  readonly noiseDbfs: number
  /** Median of the voice's fundamental frequency, in hertz; `null` where none was found. */
  readonly pitchHz: number | null
  /** Syllables in a second of speech; `null` where there is too little to tell. */
  readonly syllablesPerSecond: number | null
}
