import { setTimeout } from 'node:timers/promises'
import type { AppRouter } from '@loqui/api/router'
import type { Generation } from '@loqui/core/generations/generation'
import { createTRPCClient, httpLink, type TRPCClient, TRPCClientError } from '@trpc/client'
import superjson from 'superjson'

/** Calls over HTTP, one request each, in the name of whoever the headers, or the key, name. */
export function client(
  url: string,
  as: Readonly<Record<string, string>> | { readonly key: string } = {},
): TRPCClient<AppRouter> {
  const headers = isKey(as) ? { authorization: `Bearer ${as.key}` } : as
  return createTRPCClient<AppRouter>({ links: [httpLink({ url: `${url}/trpc`, transformer: superjson, headers })] })
}

const isKey = (as: object): as is { readonly key: string } => 'key' in as

/**
 * Follows a generation to its end.
 *
 * @param everyMs how often it is looked at, in milliseconds: what is measured must not be kept from its work by it.
 * @throws when it does not succeed.
 */
export async function finished(api: TRPCClient<AppRouter>, id: string, everyMs = 20): Promise<Generation> {
  for (;;) {
    const generation = await api.generations.get.query({ id })
    if (generation.state === 'succeeded') return generation
    if (generation.finishedAt !== null) throw new Error(`${id} ${generation.state}: ${generation.error?.message}`)
    await setTimeout(everyMs)
  }
}

/** What a refused call says: its reason and status. Rejects with whatever else happened, and when nothing was refused. */
export async function refusal(call: Promise<unknown>): Promise<{ reason: string; status: number; message: string }> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof TRPCClientError) || !error.data) throw error
    return { reason: error.data.reason, status: error.data.httpStatus, message: error.message }
  }
  throw new Error('the call was not refused')
}
