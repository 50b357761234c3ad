import { findPauses, type PauseTag } from './pauses.ts'
import { countParagraphs, type TextSegment } from './split.ts'

/** A segment before it has its number. */
export type UnnumberedSegment = Omit<TextSegment, 'index'>

/**
 * Splits a text at its pauses: each ends a segment, and is the silence after it; several in a row are one. A text that begins
 * with a pause begins with a segment that is nothing but the pause's tag.
 *
 * @param split splits what stands between two pauses; offsets are those of what it is given.
 */
export async function splitAtPauses(
  text: string,
  pauses: readonly PauseTag[],
  split: (text: string) => Promise<readonly UnnumberedSegment[]>,
): Promise<readonly UnnumberedSegment[]> {
  if (pauses.length === 0) return split(text)
  const segments: UnnumberedSegment[] = []
  let position = 0
  let pausesMs: number | null = null
  for (const pause of [...pauses, null]) {
    const spoken = await split(text.slice(position, pause?.start))
    if (spoken.length > 0) pausesMs = null
    for (const segment of spoken) {
      segments.push({ ...segment, start: segment.start + position, end: segment.end + position })
    }
    if (pause === null) break
    pausesMs = (pausesMs ?? 0) + pause.ms
    const last = segments.pop() ?? { ...pause, text: text.slice(pause.start, pause.end) }
    segments.push({ start: last.start, end: last.end, text: last.text, pauseMs: pausesMs })
    position = pause.end
  }
  return segments
}

/**
 * Whether a text has more paragraphs, and parts between pauses, than `most`: known at once, while splitting it takes the longer
 * the more there are.
 */
export function hasMorePartsThan(text: string, most: number): boolean {
  let parts = 0
  let position = 0
  for (const pause of [...findPauses(text), null]) {
    // What stands before a pause is split even where it is nothing.
    parts += Math.max(pause ? 1 : 0, countParagraphs(text.slice(position, pause?.start), most + 1))
    if (parts > most) return true
    position = pause?.end ?? position
  }
  return false
}
