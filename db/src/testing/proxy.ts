import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a database that can go dead without a word, as when a cable is pulled: nothing is closed, nothing arrives. */
export interface DatabaseProxy extends AsyncDisposable {
  readonly connectionString: string
  /** From now on nothing passes on the connections that are open; new ones work. */
  stall(): void
  pass(): void
  /** Bytes that came from the database. */
  readonly bytesRead: number
  /** How many connections are open. */
  readonly connections: number
}

/**
 * @param options.port where it listens; any that is free by default.
 * @param options.held takes connections, and lets nothing through until `pass` is called.
 */
export async function openProxy(
  connectionString: string,
  { port = 0, held = false }: { readonly port?: number; readonly held?: boolean } = {},
): Promise<DatabaseProxy> {
  const target = new URL(connectionString)
  const pairs = new Set<[Socket, Socket]>()
  let bytesRead = 0
  const released = Promise.withResolvers<void>()
  if (!held) released.resolve()
  const server = createServer(async (near) => {
    const far = connect(Number(target.port), target.hostname)
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        pairs.delete(pair)
        for (const other of pair) other.destroy()
      })
    }
    await released.promise
    near.pipe(far)
    far.pipe(near)
    far.on('data', (chunk) => {
      bytesRead += chunk.length
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(connectionString)
  url.port = String((server.address() as AddressInfo).port)
  return {
    connectionString: url.href,
    stall() {
      for (const [near, far] of pairs) {
        near.unpipe(far)
        far.unpipe(near)
      }
    },
    pass: released.resolve,
    get bytesRead() {
      return bytesRead
    },
    get connections() {
      return pairs.size
    },
    async [Symbol.asyncDispose]() {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
