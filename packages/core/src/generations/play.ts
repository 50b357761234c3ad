import type { Readable } from 'node:stream'
import type { Output } from '@loqui/audio/output'
import type { GenerationRow, SegmentRow } from '@loqui/db/schema/generations'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { looks } from '../looks.ts'
import { audioNameOf, audioOf, type GenerationAudio, generationAudioInput, type NamedAudio, tagsOf } from './audio.ts'
import { toPiece } from './join.ts'
import { takeListener } from './listeners.ts'
import { readOutputOf } from './output.ts'
import { findGeneration } from './queries.ts'

export const playGenerationInput = generationAudioInput.extend({
  /** Whether only a whole file will do: what is still being made is refused then. */
  complete: z.boolean().default(false),
})

/** Audio that is still being made. */
export interface ComingAudio extends NamedAudio {
  /**
   * Begins at its beginning: the speech that is there, and what follows as it comes, in order. It ends well only when the
   * generation has succeeded, and costs something until it has ended or is destroyed.
   *
   * @throws {Refusal} `audio_not_ready` when the generation fails or is canceled before there was anything to hear;
   * `concurrency_limited`, `busy` when too many are listening already.
   */
  listen(signal: AbortSignal): Promise<Readable>
}

/**
 * The audio of a generation: that of one which succeeded, or what there is of one that waits or runs, to be heard while it is
 * made, as loud as it is spoken: to bring it to a loudness, all of it has to be there.
 *
 * @throws {Refusal} `generation_not_found`, `audio_not_ready`, `concurrency_limited`, `invalid_input`.
 */
export async function playGeneration(
  caller: Caller<'db' | 'actor' | 'listener' | 'storage' | 'assembler' | 'log'>,
  { id, complete, ...asked }: z.output<typeof playGenerationInput>,
): Promise<GenerationAudio | ComingAudio> {
  const row = await findGeneration(caller.db, permit(caller.actor, 'generations:read'), id)
  if (complete || !isUnderWay(row.state)) return audioOf(caller, row, asked)
  const output = { ...readOutputOf(row, asked), loudness: null }
  const fileName = audioNameOf(row, output)
  return { ...output, fileName, listen: (signal) => openComing(caller, row, output, signal) }
}

/**
 * What waits longer for something to hear is answered without, so that nobody takes it for dead: clients give up on an answer
 * that does not begin after half a minute or one.
 */
const silentMs = 20_000

async function openComing(
  caller: Caller<'db' | 'listener' | 'storage' | 'assembler'>,
  row: GenerationRow,
  output: Output,
  given: AbortSignal,
): Promise<Readable> {
  const place = takeListener(row.user_id, output.format)
  const left = new AbortController()
  const signal = AbortSignal.any([given, left.signal])
  try {
    const { format, sampleRate, bitRate } = output
    const segments = storedSegments(caller, row, signal)
    const first = segments.next()
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, silentMs)
    // Before there is anything to hear, what goes wrong can still be said.
    const isSpeaking = await Promise.race([first.then(() => true), late.promise.then(() => false)]).finally(() =>
      clearTimeout(timer),
    )
    const coming = async function* () {
      for (let next = await first; !next.done; next = await segments.next()) yield toPiece(caller, next.value)
    }
    // Until there is something of it, its fallback may yet be who speaks it.
    const { voice, ...title } = await tagsOf(caller, await findGeneration(caller.db, row.user_id, row.id))
    const tags = isSpeaking ? { ...title, voice } : title
    signal.throwIfAborted()
    const audio = caller.assembler.encode(coming(), format, { sampleRate, bitRate, tags, signal })
    audio.once('close', () => {
      left.abort(new Error('nobody listens any more'))
      place[Symbol.dispose]()
    })
    return audio
  } catch (error) {
    left.abort(error)
    place[Symbol.dispose]()
    throw error
  }
}

/** Segments that are read at a time. */
const batch = 50

/**
 * The segments of a generation in order, each as soon as it and all before it are stored, whoever makes them; ends after the last
 * one, when the generation has succeeded.
 *
 * @throws {Refusal} `audio_not_ready` when it fails, is canceled or deleted; the signal's reason.
 */
async function* storedSegments(
  caller: Caller<'db' | 'listener'>,
  { id, user_id }: Pick<GenerationRow, 'id' | 'user_id'>,
  signal: AbortSignal,
): AsyncGenerator<SegmentRow, void, void> {
  let next = 0
  for await (const _ of looks(caller, 'events', user_id, signal)) {
    for (;;) {
      // Before the segments: of what has succeeded by now, all are there.
      const state = await readState(caller, id)
      const before = next
      for (const segment of await readFrom(caller, id, next)) {
        if (segment.state !== 'stored' || segment.index !== next) break
        yield segment
        next++
      }
      if (next > before) continue
      if (state === 'succeeded') return
      if (!isUnderWay(state)) throw notReady(state)
      break
    }
  }
  throw signal.reason
}

const isUnderWay = (state: string) => state === 'queued' || state === 'running'

async function readState({ db }: Caller<'db'>, id: string): Promise<string> {
  const row = await db
    .selectFrom('generation')
    .select('state')
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return row?.state ?? 'deleted'
}

const readFrom = ({ db }: Caller<'db'>, id: string, index: number): Promise<SegmentRow[]> =>
  db
    .selectFrom('segment')
    .selectAll()
    .where('generation_id', '=', id)
    .where('index', '>=', index)
    .where('index', '<', index + batch)
    .orderBy('index')
    .execute()

const notReady = (state: string) => new Refusal('audio_not_ready', `This generation has no audio: it is ${state}.`)
