import { parentPort } from 'node:worker_threads'
import { createEncoding, type Encoding } from './encoding.ts'
import type { Reply, Request } from './threads.ts'

if (!parentPort) throw new Error('encoding.thread.ts is the entry of a worker thread')
const port = parentPort
const encodings = new Map<number, Encoding>()

port.on('message', async ({ encoding: id, step }: Request) => {
  if (step === 'drop') {
    encodings.get(id)?.free()
    encodings.delete(id)
    return
  }
  const encoding = encodings.get(id) ?? createEncoding()
  encodings.set(id, encoding)
  try {
    const taken = await encoding.take(step)
    port.postMessage({ encoding: id, taken } satisfies Reply, [taken.bytes.buffer])
  } catch (error) {
    // A trap of WebAssembly leaves the memory of the codec, which encodings share, in no known state: this thread must not go on.
    if (error instanceof Error && error.name === 'RuntimeError') throw error
    port.postMessage({ encoding: id, error } satisfies Reply)
  }
})
