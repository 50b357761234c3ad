import { toLoquiError } from '@loqui/sdk'
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { isLoggedOut } from './errors.ts'

/** Causes that may be gone in a moment; whatever else Loqui refuses, it refuses again. */
const passing = new Set<string>(['connection_failed', 'timed_out', 'busy', 'service_unavailable'])

/** @param onLoggedOut called when an answer says that the session is over. */
export function createQueryClient(onLoggedOut: () => void): QueryClient {
  const onError = (error: unknown) => {
    if (isLoggedOut(error)) onLoggedOut()
  }
  return new QueryClient({
    queryCache: new QueryCache({
      onError(error, query) {
        // Who asks who is there decides for itself what the answer means.
        if (query.queryKey[0] !== 'account') onError(error)
      },
    }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (failures, error) => failures < 2 && passing.has(toLoquiError(error).reason),
      },
    },
  })
}
