import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long: in all, and without a byte. */
export interface LingerLimits {
  readonly wholeMs: number
  readonly idleMs: number
}

/** As nginx does by default. */
const usual: LingerLimits = { wholeMs: 30_000, idleMs: 5_000 }

/**
 * Lets a client read the answer to a body that was refused before its end. One that goes on sending would lose it to a
 * connection that closes on unread bytes, so they are taken and thrown away, for a while.
 */
export function linger(req: IncomingMessage, res: ServerResponse, { wholeMs, idleMs } = usual): void {
  if (req.complete || req.destroyed) return
  const { socket } = req
  const wasLast = !res.shouldKeepAlive || res.hasHeader('connection')
  // Else Node closes it as soon as the answer is written.
  res.removeHeader('connection')
  res.shouldKeepAlive = true
  const give = () => socket.destroy()
  const whole = setTimeout(give, wholeMs)
  let idle = setTimeout(give, idleMs)
  req.on('data', () => {
    idle = idle.refresh()
  })
  const over = () => {
    clearTimeout(whole)
    clearTimeout(idle)
    if (wasLast) socket.end()
  }
  req.once('end', over).once('close', over)
  req.resume()
}
