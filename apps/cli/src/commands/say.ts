import { type CreateGenerationInput, GenerationFailedError, type Loqui } from '@loqui/sdk'
import { type AudioSink, openAudioFile, standardOutput } from '../audio-file.ts'
import { onInterrupt } from '../interruption.ts'
import { note, printJson, seconds } from '../print.ts'
import { openProgress, speechBar } from '../progress.ts'
import { chooseTarget, type TargetOptions } from '../target.ts'
import { readText } from '../text.ts'
import { findVoice } from '../voice.ts'

export interface SayOptions extends TargetOptions {
  readonly file?: string | undefined
  readonly voice?: string | undefined
  readonly speed?: number | undefined
  readonly pitch?: number | undefined
  readonly title?: string | undefined
  readonly quiet?: boolean | undefined
  /** `false`: also what was spoken before is spoken. */
  readonly cache?: boolean | undefined
}

/** Speaks a text into a file, or into standard output while it is made. Ctrl-C cancels the generation. */
export async function say(connect: () => Loqui, words: readonly string[], options: SayOptions): Promise<void> {
  const { voice, speed, pitch, title, cache, quiet = false, json = false } = options
  const target = chooseTarget(options)
  const text = await readText(words, options.file)
  const loqui = connect()
  await using sink: AudioSink = target.file === '-' ? standardOutput() : await openAudioFile(target.file)
  using interruption = onInterrupt()
  const { signal } = interruption

  const voiceId = await findVoice(loqui, voice, signal)
  const input = { text, voiceId, format: target.format, settings: { speed, pitch }, title, cache }
  if (target.file === '-') return pipe(loqui, input, sink, signal)
  const speech = await speak()
  if (!speech.body) throw new Error('The audio came without a body.')
  await sink.write(speech.body)
  if (json) printJson(speech.generation)
  else if (!quiet) note(`${target.file}: ${seconds(speech.generation.durationMs ?? 0)} of speech`)

  async function speak() {
    using progress = openProgress(process.stderr, quiet)
    return loqui.speak(input, { signal, onProgress: (status) => progress.show(speechBar(status)) })
  }
}

/** Writes speech as it is made. What cannot be written is not made to its end. */
async function pipe(loqui: Loqui, input: CreateGenerationInput, sink: AudioSink, signal: AbortSignal): Promise<void> {
  const { id } = await loqui.generations.create(input, { signal })
  try {
    const audio = await loqui.generations.audio(id, { signal })
    if (!audio.body) throw new Error('The audio came without a body.')
    await sink.write(audio.body)
  } catch (error) {
    const generation = await loqui.generations.cancel(id, { timeoutMs: cancelWithinMs })
    // A connection that breaks off does not say why.
    throw generation.state === 'failed' ? new GenerationFailedError(generation) : error
  }
}

const cancelWithinMs = 5_000
