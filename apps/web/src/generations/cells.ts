import type { SegmentLengths } from './live.ts'

/** A part of the strip that stands for one segment, or for several neighbours when there are too many to tell apart. */
export interface Cell {
  /** The first segment in it, and how many. */
  index: number
  count: number
  /** How much of it has arrived, 0 to 1. */
  filled: number
  /** Its share of the strip's width. */
  weight: number
}

/**
 * Lays a generation's segments out as cells. While some are missing all segments are equally wide, so that nothing
 * moves; once all lengths are known each is as wide as it is long.
 */
export function layOut(total: number, lengths: SegmentLengths, maxCells: number): Cell[] {
  const cells = Math.max(1, Math.min(total, maxCells))
  const isComplete = total > 0 && lengths.size >= total
  return Array.from({ length: cells }, (_, cell) => {
    const index = Math.floor((cell * total) / cells)
    const count = Math.floor(((cell + 1) * total) / cells) - index
    let arrived = 0
    let ms = 0
    for (let segment = index; segment < index + count; segment++) {
      const length = lengths.get(segment)
      if (length === undefined) continue
      arrived++
      ms += length
    }
    return { index, count, filled: count === 0 ? 0 : arrived / count, weight: isComplete ? ms : Math.max(1, count) }
  })
}
