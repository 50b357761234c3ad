import type { GenerationSummary, Loqui } from '@loqui/sdk'
import { type Column, printList, seconds } from '../print.ts'

const columns: readonly Column<GenerationSummary>[] = [
  ['ID', ({ id }) => id],
  ['STATE', ({ state, segments }) => (state === 'running' ? `${segments.done}/${segments.total}` : state)],
  ['LENGTH', ({ durationMs }) => (durationMs === null ? '' : seconds(durationMs))],
  ['CREATED', ({ createdAt }) => createdAt],
  ['TEXT', ({ title, excerpt }) => shorten(title ?? excerpt)],
]

export interface ListOptions {
  readonly state?: GenerationSummary['state'] | undefined
  readonly limit: number
}

/** The newest generations. */
export async function list(loqui: Loqui, { state, limit }: ListOptions, json: boolean): Promise<void> {
  const items: GenerationSummary[] = []
  for await (const item of loqui.generations.list({ state, limit: Math.min(limit, 100) })) {
    items.push(item)
    if (items.length === limit) break
  }
  printList(items, columns, json)
}

const shorten = (text: string) => (text.length > 60 ? `${text.slice(0, 59)}…` : text)
