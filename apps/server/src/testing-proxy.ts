import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterAll } from 'vitest'

/** Stands between a client and a server, and can be cut. */
export interface TestProxy {
  readonly url: string
  /** Destroys every connection there is now, in both directions and without a word; new ones are let through. */
  cut(): void
  /** Connections there have been. */
  readonly connections: number
}

export async function startProxy(target: string): Promise<TestProxy> {
  const { port, hostname } = new URL(target)
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((client) => {
    connections++
    const upstream = connect(Number(port), hostname)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  afterAll(() => {
    server.close()
    cut()
  })
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : ''}`,
    cut,
    get connections() {
      return connections
    },
  }
}
