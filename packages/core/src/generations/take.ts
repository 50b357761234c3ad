import { badness, type Flaw, findFlaws } from '@loqui/audio/speech/flaws'
import { measureLevels } from '@loqui/audio/speech/levels'
import { trimSpeech } from '@loqui/audio/speech/trim'
import type { Engine, SpeakRequest, Speech } from '@loqui/engines/engine'

/** What an engine made of one segment, as it would be kept: without the silence around it, since pauses are ours. */
export interface Take extends Speech {
  readonly flaws: readonly Flaw[]
  /** The call of a provider that it is of. */
  readonly mark: string | null
  /** Settles when it is written down how that call ended, and what it cost: before that it is not to be kept. */
  readonly written?: Promise<void> | undefined
}

/** What an engine expects to be shorter is nothing that it can speak, for which it gives a moment of silence. In milliseconds. */
const shortestExpectedMs = 200

/** Trims what an engine made, and looks what is wrong with it. @param request that it was made for. */
export function judgeSpeech(engine: Engine, request: SpeakRequest, speech: Speech): Omit<Take, 'mark'> {
  const { samples, sampleRate } = speech
  const levels = measureLevels(samples, sampleRate)
  const trimmed = trimSpeech(samples, sampleRate, levels)
  const { expectedMs } = engine.estimate(request)
  const hasSound = expectedMs >= shortestExpectedMs && /[\p{L}\p{N}]/u.test(request.text)
  const expectation = { expectedMs: hasSound ? expectedMs : null, mostMs: engine.limits.segmentMs }
  return { ...speech, samples: trimmed, flaws: findFlaws(samples, trimmed, sampleRate, expectation, levels) }
}

/** The one with least wrong with it; of two as good, the earlier. */
export function bestOf(takes: readonly Take[]): Take | undefined {
  return takes.toSorted((a, b) => badness(a.flaws) - badness(b.flaws))[0]
}

/** Whether there is anything to hear in it. */
export const isAudible = ({ flaws }: Take): boolean => !flaws.includes('silent')
