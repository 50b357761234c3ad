import type { GenerationEvent, GenerationSummary, Page } from '@loqui/sdk'
import { useSubscription, useTRPC } from '@loqui/sdk/react'
import { type InfiniteData, type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { GenerationState } from './search.ts'

type Trpc = ReturnType<typeof useTRPC>

export const isActive = (state: GenerationState) => state === 'queued' || state === 'running'

/** A generation moves from stage to stage and never back. */
const stages: Record<GenerationState, number> = { queued: 0, running: 1, succeeded: 2, failed: 2, canceled: 2 }

/** A generation after an event, which may be older than what is known already. */
export function advance<Known extends GenerationSummary>(known: Known, event: GenerationEvent): Known {
  const { state, waitsFor, segments, durationMs, chargedMs, error } = event
  const isOlder = stages[state] < stages[known.state] || segments.done < known.segments.done
  return isOlder ? known : { ...known, state, waitsFor, segments, durationMs, chargedMs, error }
}

/** Brings everything fetched that shows this generation up to the event. */
function applyEvent(queryClient: QueryClient, trpc: Trpc, event: GenerationEvent): void {
  const move = <Known extends GenerationSummary>(known: Known): Known =>
    known.id === event.generationId ? advance(known, event) : known
  queryClient.setQueryData(trpc.generations.get.queryKey({ id: event.generationId }), (known) => known && move(known))
  queryClient.setQueriesData<InfiniteData<Page<GenerationSummary>>>(
    trpc.generations.list.infiniteQueryFilter(),
    (list) => list && { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map(move) })) },
  )
}

/** However many generations begin and end in a moment, lists are fetched again this often at most. */
const refreshMs = 400

/** Keeps lists, generations and the quota up to date while the studio is open. */
export function useLiveGenerations(): void {
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])

  const refresh = () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      void queryClient.invalidateQueries(trpc.generations.list.infiniteQueryFilter())
      void queryClient.invalidateQueries(trpc.usage.pathFilter())
    }, refreshMs)
  }

  const events = useSubscription(
    trpc.events.subscriptionOptions(
      {},
      {
        // Events are told from now on; what happened before they were, a fetch must find.
        onStarted: refresh,
        onData: ({ data: event }) => {
          applyEvent(queryClient, trpc, event)
          if (event.type === 'running' || event.type === 'waiting' || event.type === 'segment') return
          refresh()
          if (event.type !== 'queued') {
            void queryClient.invalidateQueries(trpc.generations.get.queryFilter({ id: event.generationId }))
          }
        },
        // A fetch finds out whether the session has ended.
        onError: refresh,
      },
    ),
  )
  useRevival(events)
}

/** Milliseconds of audio of each segment that has arrived, by its index. */
export type SegmentLengths = ReadonlyMap<number, number>

/**
 * A generation that moves by itself, with its segments as they arrive. Its events are told from the first, so it makes
 * no difference when somebody begins to look. One component follows one generation: make the id its key.
 */
export function useLiveGeneration(id: string) {
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const query = useQuery(trpc.generations.get.queryOptions({ id }))
  const [segments, setSegments] = useState<SegmentLengths>(new Map())

  const events = useSubscription(
    trpc.generations.watch.subscriptionOptions(
      { id },
      {
        // Without the generation there is nothing to watch, and its own error says so.
        enabled: query.isSuccess,
        onData: ({ data: event }) => {
          applyEvent(queryClient, trpc, event)
          const { segment } = event
          if (segment) setSegments((known) => new Map(known).set(segment.index, segment.durationMs))
        },
      },
    ),
  )
  useRevival(events)

  return {
    query,
    generation: query.data,
    segments,
    /** Whether news would arrive. */
    isConnected: events.status !== 'connecting' && events.status !== 'error',
  }
}

const revivalMs = 5_000

/** A lost connection comes back by itself; a subscription that was refused is asked for again a little later. */
function useRevival({ status, reset }: { status: string; reset: () => void }): void {
  useEffect(() => {
    if (status !== 'error') return
    const timer = setTimeout(reset, revivalMs)
    return () => clearTimeout(timer)
  }, [status, reset])
}
