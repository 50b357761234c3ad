import type { GenerationSegment, Loqui } from '@loqui/sdk'
import { type Column, printList, seconds } from '../print.ts'

const columns: readonly Column<GenerationSegment>[] = [
  ['SEGMENT', ({ index }) => String(index)],
  ['STATE', ({ state }) => state],
  ['LENGTH', ({ durationMs }) => (durationMs === null ? '' : seconds(durationMs))],
  ['PAUSE', ({ pauseMs }) => seconds(pauseMs)],
  ['FLAWS', ({ flaws }) => flaws.join(', ')],
]

/** The segments of a generation, in order. */
export async function segments(loqui: Loqui, id: string, flawed: boolean, json: boolean): Promise<void> {
  printList(await Array.fromAsync(loqui.generations.segments(id, { flawed, limit: 100 })), columns, json)
}
