import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server, and can be cut. */
export interface CuttableProxy {
  readonly url: string
  /**
   * Destroys connections there are now, in both directions and without a word; new ones are let through.
   *
   * @param chosen which of them, asked for each. Default: all.
   */
  cut(chosen?: () => boolean): void
  /** Connections there have been. */
  readonly connections: number
  /** Cuts all, and takes no more. */
  close(): void
}

export async function openProxy(target: string): Promise<CuttableProxy> {
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
  const cut = (chosen: () => boolean = () => true) => {
    for (const socket of sockets) if (chosen()) socket.resetAndDestroy()
  }
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : ''}`,
    cut,
    get connections() {
      return connections
    },
    close() {
      server.close()
      cut()
    },
  }
}
