import { peakCount } from '../inspector.ts'
import { InspectionRefusal } from '../refusal.ts'
import type { Block } from '../sound.ts'

/** What the samples themselves show, without filters. */
export interface Waveform {
  /** Number of samples of one channel. */
  readonly samples: number
  /** Highest level of any channel, full scale being 1. */
  readonly peak: number
  /** Share of samples at full scale, in runs of three and more. */
  readonly clippedShare: number
  /** Of each of `peakCount` equal parts the highest level, 0 to 255. */
  readonly peaks: Uint8Array<ArrayBuffer>
}

export interface WaveformMeter {
  /** @throws InspectionRefusal `audio_undecodable` when a sample is not a number */
  push(block: Block): void
  /** @throws InspectionRefusal `audio_undecodable` when a sample is infinite */
  finish(): Waveform
}

// How many there will be is known at the end only: the highest levels of short parts are kept, and joined then.
const partsPerSecond = 1000
const fullScale = 0.9999
const shortestRun = 3

/** @param sampleRate in hertz */
export function createWaveformMeter(sampleRate: number, channels: number): WaveformMeter {
  const partLength = Math.max(1, Math.floor(sampleRate / partsPerSecond))
  const parts: number[] = []
  const runs = new Uint32Array(channels)
  let samples = 0
  let clipped = 0

  return {
    push(block) {
      for (const [channel, plane] of block.entries()) {
        let run = runs[channel] ?? 0
        let part = Math.floor(samples / partLength)
        let left = partLength - (samples % partLength)
        let highest = parts[part] ?? 0
        for (let i = 0; i < plane.length; i++) {
          const level = Math.abs(plane[i] as number)
          if (level > highest) highest = level
          else if (!(level >= 0)) throw notANumber(samples + i)
          if (level >= fullScale) {
            run++
            if (run === shortestRun) clipped += shortestRun
            else if (run > shortestRun) clipped++
          } else run = 0
          if (--left === 0) {
            parts[part++] = highest
            highest = parts[part] ?? 0
            left = partLength
          }
        }
        if (left < partLength) parts[part] = highest
        runs[channel] = run
      }
      samples += block[0]?.length ?? 0
    },
    finish() {
      const peak = parts.reduce((highest, level) => Math.max(highest, level), 0)
      if (!Number.isFinite(peak)) throw notANumber(parts.indexOf(peak) * partLength)
      const peaks = Uint8Array.from({ length: peakCount }, (_, index) => {
        const from = Math.floor((index * parts.length) / peakCount)
        const to = Math.max(from + 1, Math.floor(((index + 1) * parts.length) / peakCount))
        let highest = 0
        for (let part = from; part < to; part++) highest = Math.max(highest, parts[part] ?? 0)
        return Math.min(255, Math.round(highest * 255))
      })
      return { samples, peak, clippedShare: samples === 0 ? 0 : clipped / (samples * channels), peaks }
    },
  }
}

function notANumber(sample: number): InspectionRefusal {
  return new InspectionRefusal('audio_undecodable', `The file has samples that are not numbers, from ${sample} on.`)
}
