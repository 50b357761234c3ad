import { type Container, containerInfo } from '@loqui/audio/inspect/container'
import type { SampleRow } from '@loqui/db/schema/samples'
import { EngineError, type Reference, type ReferenceNeeds } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'

type Recorded = Pick<SampleRow, 'duration_ms' | 'measured'> & { readonly audio_bytes: number }

/**
 * Of a voice's samples the one that tells an engine most: the one with the most speech in what it listens to, and of those
 * the quietest behind the voice.
 *
 * @returns undefined when none of them will do.
 */
export function bestRecording<Sample extends Recorded>(
  samples: readonly Sample[],
  { longerThanMs, heardMs, mostBytes }: ReferenceNeeds,
): Sample | undefined {
  const heard = ({ duration_ms, measured }: Sample) =>
    Math.min(heardMs, duration_ms) * Math.min(1, measured.speechMs / duration_ms)
  return samples
    .filter(({ duration_ms, audio_bytes }) => duration_ms > longerThanMs && audio_bytes <= mostBytes)
    .sort((a, b) => heard(b) - heard(a) || a.measured.noiseDbfs - b.measured.noiseDbfs)[0]
}

/**
 * The recording that a cloned voice is spoken with. Whether it may speak is asked before.
 *
 * @throws {EngineError} `invalid_input` when its samples are gone, or none of them will do.
 */
export async function findRecording(
  { db, storage }: Caller<'db' | 'storage'>,
  voiceId: string,
  needs: ReferenceNeeds,
): Promise<Reference> {
  const samples = await db
    .selectFrom('voice_sample')
    .innerJoin('sample', 'sample.id', 'voice_sample.sample_id')
    .select(['audio_key', 'audio_sha256', 'audio_bytes', 'container', 'duration_ms', 'measured'])
    .where('voice_id', '=', voiceId)
    .where('deleted_at', 'is', null)
    .orderBy('position')
    .execute()
  const best = bestRecording(samples, needs)
  if (!best) {
    throw new EngineError('None of the samples of this voice will do for its engine.', {
      code: 'invalid_input',
      retryable: false,
    })
  }
  return {
    sha256: best.audio_sha256,
    // The column holds what the inspection found.
    contentType: containerInfo[best.container as Container].contentType,
    durationMs: best.duration_ms,
    open: () => storage.read(best.audio_key),
  }
}
