import type { AudioFormat } from '@loqui/audio/format'
import { Refusal } from '../errors.ts'

/**
 * How many may listen at a time, in this process, to audio that is still being made. Each holds an encoder and some 4 MB for as
 * long as the making takes.
 */
const most = 64
const mostOfOneUser = 16
/** AAC's encoders have threads of their own, of which there are few, and others want them, too. */
const mostOfAac = 2

const listening: { readonly userId: string; readonly format: AudioFormat }[] = []

/**
 * Takes a place among those who listen to a user's audio while it is made; disposed of, it is free again.
 *
 * @throws {Refusal} `concurrency_limited` when that user's are taken, `busy` when all are.
 */
export function takeListener(userId: string, format: AudioFormat): Disposable {
  const place = { userId, format }
  if (listening.filter((other) => other.userId === userId).length >= mostOfOneUser) {
    const message = `${mostOfOneUser} are listening to audio of this account while it is made. Try again when it is done.`
    throw new Refusal('concurrency_limited', message, { retryAfterSeconds })
  }
  const ofAac = format === 'aac' ? listening.filter((other) => other.format === 'aac').length : 0
  if (listening.length >= most || ofAac >= mostOfAac) {
    const message = 'Too many are listening to audio while it is made. Try again in a moment, or when it is done.'
    throw new Refusal('busy', message, { retryAfterSeconds })
  }
  listening.push(place)
  return {
    [Symbol.dispose]() {
      const index = listening.indexOf(place)
      if (index !== -1) listening.splice(index, 1)
    },
  }
}

const retryAfterSeconds = 5
