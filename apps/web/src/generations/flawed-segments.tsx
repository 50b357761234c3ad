import type { Flaw, Generation } from '@loqui/sdk'
import { useTRPC } from '@loqui/sdk/react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { Button } from '../ui/button.tsx'
import { RetakeSegment } from './segments.tsx'

const flawLabels: Record<Flaw, string> = {
  silent: 'Silent',
  gap: 'A long silence inside',
  clipped: 'Distorted: too loud for its range',
  truncated: 'Cut off before its end',
  too_short: 'Shorter than its text',
  too_long: 'Longer than its text',
}

/** The parts of a generation that did not come out well, though they were made twice; nothing where all of them did. */
export function FlawedSegments({ generation: { id, text } }: { generation: Pick<Generation, 'id' | 'text'> }) {
  const trpc = useTRPC()
  const list = useInfiniteQuery(
    trpc.generations.segments.infiniteQueryOptions(
      { id, flawed: true, limit: 10 },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  )
  const segments = list.data?.pages.flatMap((page) => page.items) ?? []
  if (segments.length === 0) return null
  return (
    <section aria-label="Parts to listen to" className="mt-6 rounded-xl border border-line px-4 py-3 sm:px-5">
      <h2 className="flex items-center gap-2 text-sm font-medium">
        <TriangleAlert aria-hidden className="size-4 text-warning-text" />
        Some parts may not sound right
      </h2>
      <ul className="mt-2 flex flex-col gap-2">
        {segments.map(({ index, startOffset, endOffset, flaws }) => (
          <li key={index} className="flex items-center justify-between gap-3 text-sm">
            <div>
              <p className="line-clamp-2 font-serif">{text.slice(startOffset, endOffset)}</p>
              <p className="text-xs text-warning-text">{flaws.map((flaw) => flawLabels[flaw]).join(' · ')}</p>
            </div>
            <RetakeSegment generation={{ id }} index={index} />
          </li>
        ))}
      </ul>
      {list.hasNextPage && (
        <Button size="sm" variant="ghost" pending={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          Show more
        </Button>
      )}
    </section>
  )
}
