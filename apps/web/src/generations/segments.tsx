import type { Generation } from '@loqui/sdk'
import { useTRPC } from '@loqui/sdk/react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Shuffle } from 'lucide-react'
import { useState } from 'react'
import { formatClock } from '../format.ts'
import { Button } from '../ui/button.tsx'
import { LoadError } from '../ui/notice.tsx'
import { useRetake } from './retake.ts'

/** Has one segment spoken anew: another take, in which all others stay as they are. */
export function RetakeSegment({ generation, index }: { generation: Pick<Generation, 'id'>; index: number }) {
  const retake = useRetake(generation)
  return (
    <Button
      size="sm"
      variant="ghost"
      aria-label={`Speak segment ${index + 1} anew`}
      pending={retake.isPending}
      onClick={() => retake.mutate({ segments: [index] })}
    >
      <Shuffle aria-hidden />
    </Button>
  )
}

/** The segments of a generation, for who looks for the one that should sound otherwise. */
export function Segments({ generation }: { generation: Pick<Generation, 'id' | 'text'> }) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <details className="mt-6" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary className="cursor-pointer text-sm text-muted hover:text-ink">Segments, to speak anew one by one</summary>
      {isOpen && <List generation={generation} />}
    </details>
  )
}

function List({ generation }: { generation: Pick<Generation, 'id' | 'text'> }) {
  const { id, text } = generation
  const trpc = useTRPC()
  const list = useInfiniteQuery(
    trpc.generations.segments.infiniteQueryOptions({ id, limit: 50 }, { getNextPageParam: (page) => page.nextCursor }),
  )
  if (list.isError && !list.data) {
    return <LoadError error={list.error} pending={list.isFetching} onRetry={() => void list.refetch()} />
  }
  return (
    <>
      <ol aria-label="Segments" className="mt-2 divide-y divide-line">
        {list.data?.pages
          .flatMap((page) => page.items)
          .map(({ index, startOffset, endOffset, durationMs }) => (
            <li key={index} className="flex items-center gap-3 py-1.5 text-sm">
              <p className="line-clamp-2 min-w-0 flex-1 font-serif">{text.slice(startOffset, endOffset)}</p>
              <span className="text-xs text-muted tabular-nums">{durationMs !== null && formatClock(durationMs)}</span>
              <RetakeSegment generation={generation} index={index} />
            </li>
          ))}
      </ol>
      {list.hasNextPage && (
        <Button size="sm" variant="ghost" pending={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  )
}
