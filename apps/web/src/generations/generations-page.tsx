import type { GenerationSummary } from '@loqui/sdk'
import { useTRPC } from '@loqui/sdk/react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { AudioLines, SearchX } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { formatClock } from '../format.ts'
import { Page } from '../shell/page.tsx'
import { Button, buttonClass } from '../ui/button.tsx'
import { EmptyState, LoadError, Skeleton } from '../ui/notice.tsx'
import { Ago } from '../ui/time.tsx'
import { VoiceName } from '../voices/voice-name.tsx'
import { isActive } from './live.ts'
import { type GenerationState, generationStates, stateLabels } from './search.ts'
import { StateBadge } from './state-badge.tsx'

const route = getRouteApi('/studio/generations')
const pageSize = 30

/** The columns of every row, header and skeleton; where it is narrow there are two lines instead. */
const columns =
  'grid grid-cols-[1.25rem_minmax(0,1fr)_auto] gap-x-3 lg:grid-cols-[6rem_minmax(0,1fr)_7rem_4rem_6rem] lg:gap-x-4'

export function GenerationsPage() {
  const { state } = route.useSearch()
  const trpc = useTRPC()
  const list = useInfiniteQuery(
    trpc.generations.list.infiniteQueryOptions(
      { limit: pageSize, ...(state && { state }) },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  )
  const generations = list.data?.pages.flatMap((page) => page.items) ?? []

  return (
    <Page
      title="Generations"
      lead="Everything you had spoken, newest first."
      actions={
        <Link to="/" className={clsx(buttonClass({ variant: 'secondary' }), 'max-sm:hidden')}>
          <AudioLines aria-hidden />
          Speak
        </Link>
      }
    >
      <StateFilter current={state} />
      {list.isError && !list.data && (
        <LoadError error={list.error} pending={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      {list.isPending && <LoadingRows />}
      {list.isSuccess && generations.length === 0 && (state ? <NothingLikeThat state={state} /> : <NothingYet />)}
      {generations.length > 0 && (
        <>
          <div
            aria-hidden
            className={clsx(columns, 'hidden border-b border-line px-3 pb-2 text-xs font-medium text-subtle lg:grid')}
          >
            <span>State</span>
            <span>Text</span>
            <span>Voice</span>
            <span className="text-right">Length</span>
            <span className="text-right">Made</span>
          </div>
          <ul className="divide-y divide-line">
            {generations.map((generation) => (
              <li key={generation.id}>
                <Row generation={generation} />
              </li>
            ))}
          </ul>
          {list.hasNextPage && (
            <More
              pending={list.isFetchingNextPage}
              error={list.isFetchNextPageError ? list.error : null}
              onMore={() => void list.fetchNextPage()}
            />
          )}
        </>
      )}
    </Page>
  )
}

function StateFilter({ current }: { current: GenerationState | undefined }) {
  const choices = [
    { state: undefined, label: 'All' },
    ...generationStates.map((state) => ({ state, label: stateLabels[state] })),
  ]
  return (
    <nav aria-label="State" className="-mx-4 mb-4 overflow-x-auto px-4 [scrollbar-width:none] sm:mx-0 sm:px-0">
      <ul className="flex w-max gap-1">
        {choices.map(({ state, label }) => (
          <li key={label}>
            <Link
              to="/generations"
              search={state ? { state } : {}}
              replace
              aria-current={state === current ? 'true' : undefined}
              className={clsx(
                'flex h-7.5 items-center rounded-full px-3 text-sm font-medium transition-colors duration-150 focus-visible:-outline-offset-2 pointer-coarse:h-10',
                state === current ? 'bg-selected text-ink' : 'text-muted hover:bg-hover hover:text-ink',
              )}
            >
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function Row({ generation }: { generation: GenerationSummary }) {
  const { id, state, title, excerpt, segments, durationMs, voiceId, createdAt } = generation
  const length = isActive(state)
    ? `${segments.done}/${segments.total}`
    : durationMs === null
      ? '–'
      : formatClock(durationMs)
  return (
    <Link
      to="/generations/$id"
      params={{ id }}
      className={clsx(
        columns,
        'items-center rounded-lg px-3 py-3 transition-colors duration-100 hover:bg-hover focus-visible:-outline-offset-2 lg:h-12 lg:py-0',
      )}
    >
      <span className="max-lg:self-start max-lg:pt-0.5">
        <span className="max-lg:hidden">
          <StateBadge generation={generation} />
        </span>
        <span className="lg:hidden">
          <StateBadge generation={generation} hideLabel />
        </span>
      </span>
      <span className="min-w-0 truncate">
        {title && <span className="mr-2 font-medium">{title}</span>}
        <span className={clsx('font-serif text-[1.0625em]', title ? 'text-muted' : 'text-ink')}>{excerpt}</span>
      </span>
      <span className="truncate text-sm text-muted max-lg:col-start-2 max-lg:row-start-2 max-lg:text-xs">
        <VoiceName voiceId={voiceId} />
        <span className="lg:hidden">
          {' · '}
          <Ago at={createdAt} />
        </span>
      </span>
      <span className="text-right text-sm tabular-nums max-lg:col-start-3 max-lg:row-start-1">{length}</span>
      <span className="truncate text-right text-sm text-muted max-lg:hidden">
        <Ago at={createdAt} />
      </span>
    </Link>
  )
}

/** Fetches on when its place comes near, and at a press. */
function More({ pending, error, onMore }: { pending: boolean; error: unknown; onMore: () => void }) {
  const place = useRef<HTMLDivElement>(null)
  const onNear = useRef(onMore)
  onNear.current = onMore
  const isWaiting = pending || error !== null

  useEffect(() => {
    if (!place.current || isWaiting) return
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) onNear.current()
      },
      { rootMargin: '600px' },
    )
    observer.observe(place.current)
    return () => observer.disconnect()
  }, [isWaiting])

  return (
    <div ref={place} className="flex justify-center py-5">
      {error ? (
        <LoadError error={error} pending={pending} onRetry={onMore} />
      ) : (
        <Button variant="ghost" pending={pending} onClick={onMore}>
          Show more
        </Button>
      )}
    </div>
  )
}

function LoadingRows() {
  return (
    <div role="status" className="divide-y divide-line">
      <span className="sr-only">Loading generations</span>
      {['70%', '45%', '82%', '60%', '74%', '38%'].map((width) => (
        <div key={width} className={clsx(columns, 'h-16 items-center px-3 lg:h-12')}>
          <Skeleton className="h-3.5" />
          <div style={{ width }}>
            <Skeleton className="h-3.5" />
          </div>
          <Skeleton className="h-3.5 max-lg:w-8" />
          <Skeleton className="h-3.5 max-lg:hidden" />
          <Skeleton className="h-3.5 max-lg:hidden" />
        </div>
      ))}
    </div>
  )
}

function NothingYet() {
  return (
    <EmptyState
      icon={<AudioLines aria-hidden />}
      title="Nothing spoken yet"
      action={
        <Link to="/" className={buttonClass({ variant: 'primary' })}>
          Write something
        </Link>
      }
    >
      Write a text, pick a voice and press Generate. What becomes of it stays here.
    </EmptyState>
  )
}

const nothingInState: Record<GenerationState, string> = {
  queued: 'Nothing is waiting',
  running: 'Nothing is being spoken',
  succeeded: 'Nothing is done yet',
  failed: 'Nothing has failed',
  canceled: 'Nothing was canceled',
}

function NothingLikeThat({ state }: { state: GenerationState }) {
  return (
    <EmptyState
      icon={<SearchX aria-hidden />}
      title={nothingInState[state]}
      action={
        <Link to="/generations" search={{}} className={buttonClass()}>
          Show all
        </Link>
      }
    >
      No generation is in this state now.
    </EmptyState>
  )
}
