import type { Account, Loqui } from '@loqui/sdk'
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { forgetDrafts } from '../speak/draft.ts'

const studio = getRouteApi('/studio')

/** Who is logged in. It changes by logging in and out only, so it is asked once. */
export const accountQuery = (loqui: Loqui) =>
  queryOptions({
    queryKey: ['account'],
    queryFn: ({ signal }) => loqui.auth.me({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })

/** The account in whose name the studio works. Only below the studio's own route, which lets nobody else in. */
export const useAccount = (): Account => studio.useRouteContext({ select: (context) => context.account })

/** Begins as `account`. Nothing that another account has seen stays in memory, nor a socket that is still theirs. */
export function enter(account: Account, loqui: Loqui, queryClient: QueryClient): void {
  leave(loqui, queryClient)
  queryClient.setQueryData(accountQuery(loqui).queryKey, account)
}

/** Forgets what was fetched in the name of whoever was here; their drafts stay for when they come back. */
export function leave(loqui: Loqui, queryClient: QueryClient): void {
  loqui.close()
  queryClient.clear()
}

/** Ends the session, and forgets its person for good. */
export async function logOut(loqui: Loqui, queryClient: QueryClient): Promise<void> {
  await loqui.auth.logout()
  forgetDrafts()
  leave(loqui, queryClient)
}
