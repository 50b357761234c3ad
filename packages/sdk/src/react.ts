import { type QueryClient, skipToken, type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query'
import type { TRPCClientErrorLike } from '@trpc/client'
import { createTRPCContext, useSubscription } from '@trpc/tanstack-react-query'
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react'
import type { AppRouter, Generation, GenerationEvent } from './api.d.ts'
import type { Loqui } from './loqui.ts'
import { type Speaking, useSpeaking } from './speaking.ts'

export type { Speaking, Spoken } from './speaking.ts'
export { useSubscription }

const context = createTRPCContext<AppRouter>()
const LoquiContext = createContext<Loqui | null>(null)

export interface LoquiProviderProps {
  /** Made once, outside of any component. */
  readonly loqui: Loqui
  /** The one your `QueryClientProvider` has. */
  readonly queryClient: QueryClient
  readonly children?: ReactNode
}

/**
 * Gives the hooks below it their client. It stands inside a `QueryClientProvider`.
 *
 * @example
 * ```tsx
 * const loqui = new Loqui()
 * const queryClient = new QueryClient()
 *
 * <QueryClientProvider client={queryClient}>
 *   <LoquiProvider loqui={loqui} queryClient={queryClient}>
 *     <Studio />
 *   </LoquiProvider>
 * </QueryClientProvider>
 * ```
 */
export function LoquiProvider({ loqui, queryClient, children }: LoquiProviderProps): ReactElement {
  return createElement(
    LoquiContext.Provider,
    { value: loqui },
    createElement(context.TRPCProvider, { trpcClient: loqui.trpc, queryClient, children }),
  )
}

/** The client that `LoquiProvider` was given. */
export function useLoqui(): Loqui {
  const loqui = useContext(LoquiContext)
  if (!loqui) throw new Error('useLoqui() needs a <LoquiProvider> above it.')
  return loqui
}

/**
 * Options of every procedure for TanStack Query's own hooks.
 *
 * @example
 * ```tsx
 * const trpc = useTRPC()
 * const voices = useQuery(trpc.voices.list.queryOptions({ language: 'en' }))
 * const create = useMutation(trpc.generations.create.mutationOptions())
 * ```
 */
export const useTRPC = context.useTRPC

/**
 * A generation that moves by itself: fetched once, then kept up to date by its events until it ends.
 *
 * @param id without one nothing is fetched.
 * @example
 * ```tsx
 * const { data: generation } = useGeneration(id)
 * return <progress value={generation?.segments.done} max={generation?.segments.total} />
 * ```
 */
export function useGeneration(
  id: string | null | undefined,
): UseQueryResult<Generation, TRPCClientErrorLike<AppRouter>> {
  const trpc = useTRPC()
  const queryClient = useQueryClient()
  const input = id ? { id } : skipToken
  const generation = useQuery(trpc.generations.get.queryOptions(input))
  useSubscription(
    trpc.generations.watch.subscriptionOptions(input, {
      enabled: generation.data !== undefined && stages[generation.data.state] < ended,
      onData({ data: event }) {
        const queryKey = trpc.generations.get.queryKey({ id: event.generationId })
        queryClient.setQueryData(queryKey, (known) => known && advance(known, event))
        // What an end brings with it, such as its time and cost, is not in the event.
        if (stages[event.state] === ended) void queryClient.invalidateQueries({ queryKey })
      },
    }),
  )
  return generation
}

/**
 * Speaks texts for a component: `speak` creates a generation, follows it, and fetches its audio, with an address for an
 * `<audio>`. One at a time: what is still running when the next begins, or the component goes, is canceled and not charged.
 *
 * @example
 * ```tsx
 * const { speak, spoken, progress, error, isSpeaking } = useSpeak()
 * return (
 *   <>
 *     <button disabled={isSpeaking} onClick={() => speak({ text: 'Hello.', voiceId })}>Speak</button>
 *     {isSpeaking && <progress value={progress?.segments.done} max={progress?.segments.total} />}
 *     {spoken && <audio src={spoken.url} controls autoPlay />}
 *     {error && <p role="alert">{error.message}</p>}
 *   </>
 * )
 * ```
 */
export const useSpeak = (): Speaking => useSpeaking(useLoqui())

const ended = 2
const stages: Record<Generation['state'], number> = {
  queued: 0,
  running: 1,
  succeeded: ended,
  failed: ended,
  canceled: ended,
}

/** Events are told from the first, and the generation may have been fetched after some of them. */
function advance(known: Generation, event: GenerationEvent): Generation {
  const { state, waitsFor, segments, durationMs, chargedMs, error } = event
  const isOlder = stages[state] < stages[known.state] || segments.done < known.segments.done
  return isOlder ? known : { ...known, state, waitsFor, segments, durationMs, chargedMs, error }
}
