import { createServer } from 'node:net'
import { StartError } from '@loqui/db/embedded-error'

/**
 * Makes sure that the server will be able to listen, before anything slow is done; answers the port, which is a free one
 * where 0 was asked for.
 *
 * @throws {StartError} saying which variable to change.
 */
export function checkPort(host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)))
  server.listen({ host, port, exclusive: true }, () => {
    const address = server.address()
    server.close(() => resolve(typeof address === 'object' && address ? address.port : port))
  })
  return promise
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): StartError {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(
        `Port ${port} on ${host} is taken by another program: end that one, or set PORT to a free port (0 takes any).`,
      )
    case 'EACCES':
      return new StartError(`Port ${port} needs more rights than Loqui has: set PORT to 1024 or higher.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new StartError(`HOST must be an address of this machine, and ${host} is none (${error.code}).`)
    default:
      return new StartError(`Loqui cannot listen on ${host}:${port} (${error.message}): set HOST and PORT.`)
  }
}
