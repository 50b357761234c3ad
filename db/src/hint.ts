import { sql } from 'kysely'
import type { Db } from './client.ts'

/**
 * What a hint can be about. A hint says "look again"; it is never the news itself, and a lost one costs a poll.
 *
 * - `work`: job name; there may be work on that queue
 * - `events`: user id; there may be new events of that user
 * - `cancel`: generation or voice id; whoever makes it, or speaks with it, should see whether it still may
 * - `call`: a provider's id of a call; it may have ended
 * - `access`: user id; a session or key of that user may have ended
 */
export const hintChannels = ['work', 'events', 'cancel', 'call', 'access'] as const
export type HintChannel = (typeof hintChannels)[number]

export interface Hints {
  /** Sends a hint soon. Call it after the commit it tells of: NOTIFY inside a transaction serializes all commits. */
  hint(channel: HintChannel, id: string): void
  /** Sends what is still waiting. */
  flush(): Promise<void>
}

/** Hints of one process, coalesced: while one NOTIFY is on its way the next ones gather, each kind and id once. */
export function createHints(db: Db, onError: (error: unknown) => void): Hints {
  const waiting = new Map<string, [HintChannel, string]>()
  let sending: Promise<void> | undefined

  const send = async () => {
    while (waiting.size > 0) {
      const batch = [...waiting.values()]
      waiting.clear()
      const channels = batch.map(([channel]) => `loqui_${channel}`)
      const ids = batch.map(([, id]) => id)
      await sql`select pg_notify(channel, id) from unnest(${channels}::text[], ${ids}::text[]) as h(channel, id)`
        .execute(db)
        .catch(onError)
    }
    sending = undefined
  }

  return {
    hint(channel, id) {
      waiting.set(`${channel} ${id}`, [channel, id])
      sending ??= send()
    },
    async flush() {
      await sending
    },
  }
}
