import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

/** Loaded into a process before its main file: answers every message with what it holds once it has thrown away what it need not. */
export interface Held {
  /** On V8's heap and beside it: objects, strings and buffers. */
  readonly heldBytes: number
  /** What the system counts: with what a heap has grown by to have room for work. */
  readonly rssBytes: number
}

// Threads load what their process does.
if (isMainThread) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  process.on('message', () => {
    const { rss } = process.memoryUsage()
    // What the first finds to be garbage may have held on to more.
    collect()
    collect()
    const { heapUsed, external } = process.memoryUsage()
    const held: Held = { heldBytes: heapUsed + external, rssBytes: rss }
    process.send?.(held)
  })
}
