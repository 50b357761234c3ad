import type { Socket } from 'node:net'

/** Finds clients that have stopped to read what is sent to them. */
export interface Stalls {
  /** @param drop called once, when nothing has got through for too long though something waited. */
  watch(socket: Pick<Socket, 'bytesWritten' | 'writableLength'>, drop: () => void): () => void
  close(): void
}

interface Watched {
  readonly socket: Pick<Socket, 'bytesWritten' | 'writableLength'>
  readonly drop: () => void
  sent: number
  since: number
}

/** @param stalledMs how long nothing may get through. */
export function createStalls(stalledMs: number): Stalls {
  const all = new Set<Watched>()
  const timer = setInterval(() => {
    const now = performance.now()
    for (const one of all) {
      // What waits here is counted as written, too.
      const sent = one.socket.bytesWritten - one.socket.writableLength
      if (one.socket.writableLength === 0 || sent !== one.sent) {
        one.sent = sent
        one.since = now
      } else if (now - one.since >= stalledMs) {
        all.delete(one)
        one.drop()
      }
    }
  }, stalledMs / 10)
  timer.unref()
  return {
    watch(socket, drop) {
      const one = { socket, drop, sent: 0, since: performance.now() }
      all.add(one)
      return () => void all.delete(one)
    },
    close: () => clearInterval(timer),
  }
}
