import { stripVTControlCharacters } from 'node:util'

/** A column of a listing: what it is called on a terminal, and what it shows. */
export type Column<Item> = readonly [heading: string, show: (item: Item) => string]

/**
 * Writes a listing: aligned under headings on a terminal, as tab-separated lines into a pipe, or as JSON.
 */
export function printList<Item>(items: readonly Item[], columns: readonly Column<Item>[], json: boolean): void {
  if (json) printJson(items)
  else if (process.stdout.isTTY) print(align([columns.map(([heading]) => heading), ...rows(items, columns)]))
  else print(rows(items, columns).map((row) => row.join('\t')))
}

function rows<Item>(items: readonly Item[], columns: readonly Column<Item>[]): string[][] {
  return items.map((item) => columns.map(([, show]) => printable(show(item))))
}

function align(table: readonly string[][]): string[] {
  const widths = table[0]?.map((_, index) => Math.max(...table.map((row) => row[index]?.length ?? 0))) ?? []
  return table.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

export function printJson(value: unknown): void {
  print([JSON.stringify(value, null, 2)])
}

export function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

/** Says something to a person, beside the output. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** `83.4 s`, of milliseconds. */
export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** `$0.0123`, of millionths of a dollar. */
export const dollars = (micros: number) => `$${(micros / 1_000_000).toFixed(6).replace(/0{1,4}$/, '')}`

/** Texts and names are other people's: they must neither break a line nor steer a terminal. */
function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}+/gu, ' ')
}
