import { setImmediate } from 'node:timers/promises'

/** How long a book may hold up an event loop at a time, in milliseconds. */
const turnMs = 10

/** @returns to be awaited between the steps of long work: it lets others take their turn when this one's is over. */
export function createTurns(): () => Promise<void> {
  let began = performance.now()
  return async () => {
    if (performance.now() - began < turnMs) return
    await setImmediate()
    began = performance.now()
  }
}
