import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { AppRouter } from '@loqui/api/router'
import { rowId } from '@loqui/core/testing/core'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { client, startLoqui } from './testing.ts'

const loqui = await startLoqui()
/** All of 127.0.0.0/8 is this machine. */
const localAddress = '127.0.7.1'

/** Asks who that is by a key, from the address. @returns the body. */
function me(key: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const headers = { authorization: `Bearer ${key}` }
  const sent = request(`${loqui.url}/trpc/auth.me`, { localAddress, headers }, (response) => resolve(text(response)))
  sent.once('error', reject).end()
  return promise
}

test('what was revoked ends for who listens, however much else its address asks for', async () => {
  const user = await loqui.user()
  const { key, secret } = await client(loqui.url, user).keys.create.mutate({ name: 'leaked' })
  class FromThere extends WebSocket {
    constructor(url: string) {
      super(url, { localAddress })
    }
  }
  const socket = createWSClient({
    url: `${loqui.url.replace('http', 'ws')}/trpc`,
    // It is a WebSocket to whoever asks no more of one than tRPC does.
    WebSocket: FromThere as unknown as typeof globalThis.WebSocket,
    connectionParams: () => ({ token: secret }),
  })
  onTestFinished(() => socket.close())
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket, transformer: superjson })] })
  const [started, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()]
  api.events.subscribe({}, { onStarted: () => started.resolve(), onError: ended.resolve })
  await started.promise

  // A call by it that comes between the revocation and the news of it takes it from those that are known.
  await loqui.db.updateTable('api_key').set({ revoked_at: new Date() }).where('id', '=', rowId(key.id)).execute()
  expect(await me(secret)).toContain('api_key_revoked')
  let over = false
  const flood = Array.from({ length: 4 }, async () => {
    while (!over) await me('junk')
  })
  await expect.poll(() => me('junk'), { timeout: 15_000 }).toContain('rate_limited')
  // The news of another key is news for all of the user's.
  const other = await client(loqui.url, user).keys.create.mutate({ name: 'other' })
  await client(loqui.url, user).keys.revoke.mutate({ id: other.key.id })
  expect(await ended.promise).toMatchObject({ data: { reason: 'api_key_revoked' } })
  over = true
  await Promise.all(flood)
})
