import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a request may take to arrive as a whole. */
const wholeMs = 30_000

/** The longest that any request may take: Node's own limit, which is for all of them alike. */
export const longestRequestMs = 6 * 60_000

/** Ends a request whose body does not arrive in time, as Node does of itself for the longest. */
export function limitTime(req: IncomingMessage, res: ServerResponse, withinMs: number = wholeMs): void {
  if (req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined) return
  const timer = setTimeout(() => {
    if (req.complete) return
    if (!res.headersSent)
      req.socket.write('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    req.socket.destroySoon()
  }, withinMs)
  const over = () => clearTimeout(timer)
  req.once('end', over).once('close', over)
}
