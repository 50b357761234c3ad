import { type CreateGenerationInput, GenerationFailedError, type GenerationStatus, type Loqui } from '@loqui/sdk'
import { type AudioSink, openAudioFile, standardOutput } from '../audio-file.ts'
import { onInterrupt } from '../interruption.ts'
import { note, printJson, seconds } from '../print.ts'
import { openProgress, speechBar, tellWaits } from '../progress.ts'
import { type SettingOptions, settingsOf } from '../settings.ts'
import { chooseTarget, type TargetOptions } from '../target.ts'
import { readText } from '../text.ts'
import { findFallback, findVoice } from '../voice.ts'

export interface SayOptions extends TargetOptions, SettingOptions {
  readonly file?: string | undefined
  readonly voice?: string | undefined
  /** `false`: none. */
  readonly fallback?: string | false | undefined
  readonly seed?: number | undefined
  readonly title?: string | undefined
  readonly quiet?: boolean | undefined
  /** Whether numbers and abbreviations are written out. */
  readonly normalize?: boolean | undefined
  /** `false`: also what was spoken before is spoken. */
  readonly cache?: boolean | undefined
}

/** Speaks a text into a file, or into standard output while it is made. Ctrl-C cancels the generation. */
export async function say(connect: () => Loqui, words: readonly string[], options: SayOptions): Promise<void> {
  const { voice, fallback, seed, title, normalize, cache, quiet = false, json = false } = options
  const target = chooseTarget(options)
  const text = await readText(words, options.file)
  const loqui = connect()
  await using sink: AudioSink = target.file === '-' ? standardOutput() : await openAudioFile(target.file)
  using interruption = onInterrupt()
  const { signal } = interruption

  const voiceId = await findVoice(loqui, voice, signal)
  const fallbackVoiceId = await findFallback(loqui, fallback, signal)
  const settings = settingsOf(options)
  const input = { text, voiceId, fallbackVoiceId, format: target.format, settings, seed, title, normalize, cache }
  const tell = tellWaits(quiet ? () => undefined : note)
  if (target.file === '-') return pipe(loqui, input, sink, tell, signal)
  const speech = await speak()
  if (!speech.body) throw new Error('The audio came without a body.')
  await sink.write(speech.body)
  if (json) printJson(speech.generation)
  else if (!quiet) {
    const { durationMs, fellBackFrom } = speech.generation
    if (fellBackFrom !== null) note('The fallback spoke: the engine of the voice did not work.')
    note(`${target.file}: ${seconds(durationMs ?? 0)} of speech`)
  }

  async function speak() {
    using progress = openProgress(process.stderr, quiet)
    const onProgress = (status: GenerationStatus) => {
      progress.show(speechBar(status))
      // Who sees the bar sees it there.
      if (!process.stderr.isTTY) tell(status)
    }
    return loqui.speak(input, { signal, onProgress })
  }
}

/** Writes speech as it is made. What cannot be written is not made to its end. */
async function pipe(
  loqui: Loqui,
  input: CreateGenerationInput,
  sink: AudioSink,
  tell: ReturnType<typeof tellWaits>,
  signal: AbortSignal,
): Promise<void> {
  const { id } = await loqui.generations.create(input, { signal })
  const over = new AbortController()
  // Without news there is still the audio.
  void tellAll(loqui, id, tell, over.signal).catch(() => undefined)
  try {
    const audio = await loqui.generations.audio(id, { signal })
    if (!audio.body) throw new Error('The audio came without a body.')
    await sink.write(audio.body)
  } catch (error) {
    const generation = await loqui.generations.cancel(id, { timeoutMs: cancelWithinMs })
    // A connection that breaks off does not say why.
    throw generation.state === 'failed' ? new GenerationFailedError(generation) : error
  } finally {
    over.abort()
  }
}

async function tellAll(
  loqui: Loqui,
  id: string,
  tell: ReturnType<typeof tellWaits>,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of loqui.generations.watch(id, { signal })) tell(event)
}

const cancelWithinMs = 5_000
