import type { Generation } from '@loqui/sdk'
import { useTRPC } from '@loqui/sdk/react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { Shuffle } from 'lucide-react'
import { formatClock } from '../format.ts'
import { Button } from '../ui/button.tsx'
import { Ago } from '../ui/time.tsx'
import { isActive } from './live.ts'
import { useRetake } from './retake.ts'
import { StateBadge } from './state-badge.tsx'

/** Has the text spoken once more, to sound otherwise; after a failure, to be spoken at all. */
export function NewTake({ generation }: { generation: Generation }) {
  const retake = useRetake(generation)
  const { state } = generation
  if (isActive(state)) return null
  return (
    <Button size="sm" pending={retake.isPending} onClick={() => retake.mutate({})}>
      <Shuffle aria-hidden />
      {state === 'succeeded' ? 'New take' : 'Try again'}
    </Button>
  )
}

const pageSize = 20

/** The takes of a generation's text, newest first; nothing where it is the only one. */
export function Takes({ generation: { id, takeOf } }: { generation: Generation }) {
  const trpc = useTRPC()
  const list = useInfiniteQuery(
    trpc.generations.list.infiniteQueryOptions(
      { limit: pageSize, takeOf: takeOf ?? id },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  )
  const takes = list.data?.pages.flatMap((page) => page.items) ?? []
  if (takes.length < 2) return null
  return (
    <section aria-labelledby="takes" className="mt-8">
      <h2 id="takes" className="mb-2 text-sm font-medium">
        Takes
      </h2>
      <ul className="-mx-2">
        {takes.map((take) => (
          <li key={take.id}>
            <Link
              to="/generations/$id"
              params={{ id: take.id }}
              {...(take.id === id && { 'aria-current': 'page' as const })}
              className={clsx(
                'flex h-9 items-center justify-between gap-3 rounded-lg px-2 text-sm hover:bg-hover pointer-coarse:h-11',
                take.id === id && 'bg-hover font-medium',
              )}
            >
              <span className="flex items-center gap-2">
                <StateBadge generation={take} hideLabel />
                <Ago at={take.createdAt} />
              </span>
              <span className="text-xs text-muted tabular-nums">
                {take.durationMs !== null && formatClock(take.durationMs)}
              </span>
            </Link>
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
