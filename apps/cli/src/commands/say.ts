import { type AudioFormat, type CreateGenerationInput, GenerationFailedError, type Loqui } from '@loqui/sdk'
import { type AudioSink, formatOf, freeName, openAudioFile, standardOutput } from '../audio-file.ts'
import { UsageError } from '../failure.ts'
import { onInterrupt } from '../interruption.ts'
import { note, printJson, seconds } from '../print.ts'
import { openProgress, speechBar } from '../progress.ts'
import { readText } from '../text.ts'
import { findVoice } from '../voice.ts'

export interface SayOptions {
  readonly file?: string | undefined
  readonly output?: string | undefined
  readonly format?: AudioFormat | undefined
  readonly voice?: string | undefined
  readonly speed?: number | undefined
  readonly pitch?: number | undefined
  readonly title?: string | undefined
  readonly quiet?: boolean | undefined
  readonly json?: boolean | undefined
}

/** Speaks a text into a file, or into standard output while it is made. Ctrl-C cancels the generation. */
export async function say(connect: () => Loqui, words: readonly string[], options: SayOptions): Promise<void> {
  const { voice, speed, pitch, title, quiet = false, json = false } = options
  const target = chooseTarget(options)
  const text = await readText(words, options.file)
  const loqui = connect()
  await using sink: AudioSink = target.file === '-' ? standardOutput() : await openAudioFile(target.file)
  using interruption = onInterrupt()
  const { signal } = interruption

  const voiceId = await findVoice(loqui, voice, signal)
  const input = { text, voiceId, format: target.format, settings: { speed, pitch }, title }
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

interface Target {
  /** `-` for standard output. */
  readonly file: string
  readonly format: AudioFormat
}

function chooseTarget({ output, format, json }: SayOptions): Target {
  if (output !== undefined && output !== '-') return { file: output, format: format ?? formatOf(output) }
  if (output === undefined && process.stdout.isTTY) {
    const chosen = format ?? 'mp3'
    return { file: freeName(chosen), format: chosen }
  }
  if (process.stdout.isTTY) throw new UsageError('Audio would garble this terminal: say -o with a file, or use a pipe.')
  if (json) throw new UsageError('With --json, say -o with a file: standard output cannot hold audio too.')
  // What every player of a pipe understands.
  return { file: '-', format: format ?? 'wav' }
}
