import { type Generation, GenerationFailedError, type Loqui } from '@loqui/sdk'
import { type AudioSink, openAudioFile, standardOutput } from '../audio-file.ts'
import { onInterrupt } from '../interruption.ts'
import { note, printJson, seconds } from '../print.ts'
import { openProgress, speechBar } from '../progress.ts'
import { chooseTarget, type TargetOptions } from '../target.ts'

export interface RetakeOptions extends TargetOptions {
  readonly segment?: readonly number[] | undefined
  readonly seed?: number | undefined
  readonly speed?: number | undefined
  readonly pitch?: number | undefined
  readonly quiet?: boolean | undefined
}

/** Makes another take of a generation, into a file or into standard output. Ctrl-C cancels it. */
export async function retake(loqui: Loqui, id: string, options: RetakeOptions): Promise<void> {
  const { segment: segments, seed, speed, pitch, quiet = false, json = false } = options
  const { file, format } = chooseTarget(options)
  await using sink: AudioSink = file === '-' ? standardOutput() : await openAudioFile(file)
  using interruption = onInterrupt()
  const { signal } = interruption

  const { id: takeId } = await loqui.generations.retake(id, { segments, seed, settings: { speed, pitch } }, { signal })
  const take = await wait()
  if (take.state !== 'succeeded') throw new GenerationFailedError(take)
  const { body } = await loqui.generations.audio(takeId, { format, signal })
  if (!body) throw new Error('The audio came without a body.')
  await sink.write(body)
  if (json) printJson(take)
  else if (file !== '-' && !quiet) note(`${file}: ${seconds(take.durationMs ?? 0)} of speech, ${takeId}`)

  async function wait(): Promise<Generation> {
    using progress = openProgress(process.stderr, quiet)
    try {
      return await loqui.generations.wait(takeId, { signal, onProgress: (status) => progress.show(speechBar(status)) })
    } catch (error) {
      // Nobody will listen to it any more. That this did not work is not what went wrong.
      await loqui.generations.cancel(takeId, { timeoutMs: cancelWithinMs, maxRetries: 0 }).catch(() => undefined)
      throw error
    }
  }
}

/** How long its cancel is waited for. */
const cancelWithinMs = 5_000
