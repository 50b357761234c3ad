import { createLayout } from '@loqui/audio/assembly'
import { type Cue, toCues } from '@loqui/audio/captions/cues'
import { toSrt, toVtt } from '@loqui/audio/captions/format'
import { estimateWords, type Token } from '@loqui/audio/captions/words'
import { usualSampleRate } from '@loqui/audio/format'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { idSchema, wireId } from '../ids.ts'
import { withoutPauses } from '../text/pauses.ts'
import { createTurns } from '../text/turns.ts'
import { measuresOf } from './join.ts'
import { findGeneration } from './queries.ts'
import { readSegments } from './segments.ts'

export const captionFormats = ['srt', 'vtt', 'json'] as const

export const captionsInput = z.strictObject({
  id: idSchema('generation'),
  format: z.enum(captionFormats),
})

/** What is said when. Segments' times are those of the audio; words' are estimated. */
export interface Captions {
  /** `gen_…` */
  generationId: string
  durationMs: number
  segments: CaptionSegment[]
}

export interface CaptionSegment {
  index: number
  text: string
  startMs: number
  endMs: number
  words: CaptionWord[]
}

export interface CaptionWord {
  text: string
  startMs: number
  endMs: number
  /** Engines do not tell when a word begins: it is shared out by the words' lengths. */
  estimated: true
}

/**
 * The captions of a generation that succeeded, as a file's text.
 *
 * @throws {Refusal} `generation_not_found`, `audio_not_ready`.
 */
export async function generationCaptions(
  caller: Caller<'db' | 'actor'>,
  { id, format }: z.output<typeof captionsInput>,
): Promise<string> {
  const row = await findGeneration(caller.db, permit(caller.actor, 'generations:read'), id)
  if (row.state !== 'succeeded' || row.duration_ms === null) {
    throw new Refusal('audio_not_ready', `This generation has no captions: it is ${row.state}.`)
  }
  const [segments, voice] = await Promise.all([
    readSegments(caller, id),
    caller.db.selectFrom('voice').select('language').where('id', '=', row.voice_id).executeTakeFirst(),
  ])
  const spoken = whenSpoken(row.text, segments, voice?.language)
  if (format === 'json') {
    const captions: Captions = { generationId: wireId('generation', id), durationMs: row.duration_ms, segments: [] }
    for await (const { tokens, ...segment } of spoken) {
      captions.segments.push({ ...segment, words: tokens.flatMap(toWord) })
    }
    return JSON.stringify(captions)
  }
  const cues: Cue[] = []
  for await (const { tokens } of spoken) cues.push(...toCues(tokens))
  return format === 'srt' ? toSrt(cues) : toVtt(cues, ['AI-generated speech. Times within a sentence are estimated.'])
}

type Segments = Awaited<ReturnType<typeof readSegments>>
type Spoken = Omit<CaptionSegment, 'words'> & { readonly tokens: readonly Token[] }

/** One after the other, since a book has thousands, and others wait. */
async function* whenSpoken(
  text: string,
  segments: Segments,
  locale: string | undefined,
): AsyncGenerator<Spoken, void, void> {
  const layout = createLayout(usualSampleRate)
  const inMs = (samples: number) => Math.round((samples * 1_000) / usualSampleRate)
  const turn = createTurns()
  for (const segment of segments) {
    await turn()
    // Where two segments sound together, what is said is still the first.
    const startMs = inMs(layout.samples)
    const { pause } = layout.place(measuresOf(segment))
    const span = { startMs, endMs: inMs(layout.samples - pause) }
    const said = withoutPauses(text.slice(segment.start_offset, segment.end_offset)).trim()
    // One that is only a pause says nothing.
    if (said === '') continue
    yield { index: segment.index, text: said, ...span, tokens: estimateWords(said, span, locale) }
  }
}

const toWord = ({ word, startMs, endMs }: Token): CaptionWord[] =>
  word === '' ? [] : [{ text: word, startMs, endMs, estimated: true }]
