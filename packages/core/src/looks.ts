import type { HintChannel } from '@loqui/db/hint'
import type { Caller } from './context.ts'

/** A lost hint costs at most this much. */
const pollMs = 3_000

/**
 * Says when to look: at once, whenever a hint says that there may be something new, and every few seconds in case one was lost.
 * It listens first, so that what commits while its reader looks makes it look again. Ends with the signal.
 */
export async function* looks(
  { listener }: Caller<'listener'>,
  channel: HintChannel,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<void, void, void> {
  let wake = Promise.withResolvers<void>()
  // One promise for every cause: racing a long-lived one would leave a reaction on it with each turn.
  const wakeUp = () => wake.resolve()
  const unlisten = listener.on(channel, id, wakeUp)
  signal.addEventListener('abort', wakeUp)
  try {
    while (!signal.aborted) {
      wake = Promise.withResolvers<void>()
      yield
      if (signal.aborted) return
      const poll = setTimeout(wakeUp, pollMs)
      await wake.promise
      clearTimeout(poll)
    }
  } finally {
    unlisten()
    signal.removeEventListener('abort', wakeUp)
  }
}
