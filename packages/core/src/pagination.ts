import { z } from 'zod'
import { Refusal } from './errors.ts'

/** A page of a listing, newest first unless it says otherwise. */
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
  const id = cursorPattern.exec(decode(cursor))?.[1]
  if (id === undefined) throw malformed()
  return id
}

/**
 * The position after which a page starts of what has an order of its own, or `null` for the first page.
 *
 * @throws {Refusal} `cursor_malformed`.
 */
export function readPosition(cursor: string | null | undefined): number | null {
  if (cursor === null || cursor === undefined) return null
  const position = /^2\.(\d{1,9})$/.exec(decode(cursor))?.[1]
  if (position === undefined) throw malformed()
  return Number(position)
}

const decode = (cursor: string) => Buffer.from(cursor, 'base64url').toString('latin1')

const malformed = () =>
  new Refusal('cursor_malformed', 'cursor must be the nextCursor of an earlier page, unchanged.', {
    issues: [{ field: 'cursor', message: 'must be the nextCursor of an earlier page, unchanged' }],
  })

/** Cuts a page out of rows fetched with one more than `limit`. */
export function toPage<Row extends { id: string }, Item>(
  rows: Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Page<Item> {
  return cut(rows, limit, toItem, ({ id }) => `1.${id}`)
}

/** Cuts a page out of rows that were fetched in the order of their positions, with one more than `limit`. */
export function toPageByPosition<Row extends { index: number }, Item>(
  rows: Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Page<Item> {
  return cut(rows, limit, toItem, ({ index }) => `2.${index}`)
}

function cut<Row, Item>(
  rows: Row[],
  limit: number,
  toItem: (row: Row) => Item,
  cursorAfter: (row: Row) => string,
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(toItem),
    nextCursor: rows.length > limit && last ? Buffer.from(cursorAfter(last)).toString('base64url') : null,
  }
}
