import { checkLength, inSeconds } from './claim.ts'
import type { Inspection } from './inspector.ts'
import { limits } from './limits.ts'
import { createFrameMeter, decibels } from './measure/frames.ts'
import { loudnessOf } from './measure/loudness.ts'
import { createPitchMeter } from './measure/pitch.ts'
import { speechOf } from './measure/speech.ts'
import { createWaveformMeter } from './measure/waveform.ts'
import { InspectionRefusal } from './refusal.ts'
import type { Sound } from './sound.ts'

/** Less sound than this is a click or the edge of a constant. */
const leastSpeechMs = 200
/** Watching costs as much as a thousand samples: it is done once for so many of them, and a block counts as some itself. */
const watchEvery = 1_000_000
const blockCost = 1000
/** What is cut off at full scale so often has lost its voice. */
const mostClipped = 0.1

/**
 * Decodes a sound to its end and measures it on the way.
 *
 * @param bytes length of the file
 * @param watch called now and then, so that it can stop what costs too much
 * @throws InspectionRefusal, whatever `watch` throws, or whatever a decoder throws at what it cannot decode
 */
export async function measure(sound: Sound, bytes: number, watch: () => void): Promise<Inspection> {
  const { container, codec, sampleRate, channels, claimedSeconds } = sound
  const waveform = createWaveformMeter(sampleRate, channels)
  const frames = createFrameMeter(sampleRate, channels)
  const pitch = createPitchMeter(sampleRate)
  const mostSamples = limits.freeSamples + limits.samplesPerByte * bytes
  let samples = 0

  let unwatched = 0
  for await (const block of sound.blocks) {
    unwatched += blockCost + (block[0]?.length ?? 0) * channels
    if (unwatched > watchEvery) {
      watch()
      unwatched = 0
    }
    samples += block[0]?.length ?? 0
    if ((samples * 1000) / sampleRate > limits.maxMs) {
      const most = `${limits.maxMs / 60_000} minutes`
      throw new InspectionRefusal('audio_too_long', `The file has more than ${most} of sound; give at most ${most}.`)
    }
    if (samples * channels > mostSamples) {
      throw new InspectionRefusal(
        'audio_too_complex',
        `The file's ${bytes} bytes decode to more than ${Math.floor(mostSamples / 1e6)} million samples; give it at a lower rate or with fewer channels.`,
      )
    }
    waveform.push(block)
    frames.push(block)
    pitch.push(block)
  }

  if (samples === 0) {
    throw new InspectionRefusal('audio_undecodable', 'There is nothing in the file that can be decoded: 0 s of sound.')
  }
  const seconds = samples / sampleRate
  if (claimedSeconds !== null) checkLength(claimedSeconds, seconds)
  if (seconds * 1000 < limits.minMs) {
    throw new InspectionRefusal(
      'audio_too_short',
      `The file has ${inSeconds(seconds)} of sound; give at least ${limits.minMs / 1000} s.`,
    )
  }
  const { energies, levels } = frames.finish()
  const { peak, peaks, clippedShare } = waveform.finish()
  const { active, speechMs, noiseDbfs, syllablesPerSecond } = speechOf(levels)
  if (speechMs < leastSpeechMs) {
    throw new InspectionRefusal(
      'audio_silent',
      `The file is silent: of its ${inSeconds(seconds)} ${inSeconds(speechMs / 1000)} can be heard.`,
    )
  }
  if (clippedShare > mostClipped) {
    throw new InspectionRefusal(
      'audio_clipped',
      `${Math.round(clippedShare * 100)} % of the file is cut off at full scale; record it again at a lower level.`,
    )
  }
  return {
    container,
    codec,
    durationMs: Math.round(seconds * 1000),
    sampleRate,
    channels,
    peaks,
    measured: {
      loudnessLufs: loudnessOf(energies),
      peakDbfs: decibels(peak ** 2),
      speechMs: Math.min(speechMs, Math.round(seconds * 1000)),
      clippedShare,
      noiseDbfs,
      pitchHz: pitch.finish(active),
      syllablesPerSecond,
    },
  }
}
