import { z } from 'zod'
import { Refusal } from './errors.ts'

/** A page of a listing, newest first. */
export interface Page<Item> {
  items: Item[]
  /** Pass it as `cursor` for the next page; `null` on the last. */
  nextCursor: string | null
}

export const pageInput = {
  cursor: z.string().max(200).nullish(),
  limit: z.number().int().min(1).max(100).default(20),
}

const cursorPattern = /^1\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

/**
 * The id after which a page starts, or `null` for the first page.
 *
 * @throws {Refusal} `cursor_malformed`.
 */
export function readCursor(cursor: string | null | undefined): string | null {
  if (cursor === null || cursor === undefined) return null
  const id = cursorPattern.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1]
  if (id === undefined) {
    throw new Refusal('cursor_malformed', 'cursor must be the nextCursor of an earlier page, unchanged.', {
      issues: [{ field: 'cursor', message: 'must be the nextCursor of an earlier page, unchanged' }],
    })
  }
  return id
}

/** Cuts a page out of rows fetched with one more than `limit`. */
export function toPage<Row extends { id: string }, Item>(
  rows: Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(toItem),
    nextCursor: rows.length > limit && last ? Buffer.from(`1.${last.id}`).toString('base64url') : null,
  }
}
