import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@loqui/db/client'
import type { Listener } from '@loqui/db/listen'
import type { EventRow } from '@loqui/db/schema/generations'
import pLimit from 'p-limit'
import type { Log } from '../context.ts'
import { readLastNumbers, readNewEvents, readTopic, type TopicPlace } from './queries.ts'
import { createStream, type Stream } from './stream.ts'
import { type Topic, topicKey } from './topic.ts'

/** The events of users, read once in a process for all who follow them. */
export interface EventFeed {
  /**
   * The events of a user on a topic, each once and in the order they were committed. Waits out a database that does not answer;
   * ends with the signal.
   *
   * @param tell what is told of an event: here and not by who is told, since each further generator is dear to a thousand of them.
   */
  follow<Told>(following: Following, signal: AbortSignal, tell: (row: EventRow) => Told): AsyncGenerator<Told>
  /** How many follow at the moment. */
  readonly followers: number
  /** Ends the polling. Who follows still hears nothing more. */
  close(): void
}

export interface Following {
  readonly userId: string
  readonly topic: Topic
  /** Begins after the event of this number. */
  readonly after: number
  /** The number of an event that had been committed before this was asked for, not below `after`. */
  readonly last: number
}

/** A lost hint costs at most this much. */
const pollMs = 3_000
export interface FeedOptions {
  readonly db: Db
  readonly listener: Listener
  readonly log: Log
}

/** Events of one user that are read at a time. */
const batch = 200
/** Users whose events are read with one query. */
const usersAtOnce = 500
/** Events that one who is behind reads at a time, and holds while its connection takes none: it may be one of many. */
const catchUpBatch = 16
/** Such batches that are kept for others who are as far behind, for as long as two looks at all streams are apart. */
const keptBatches = 8
/** Queries at a time of those who are behind: many that come back at once leave connections to others. */
const catchUpsAtOnce = 4
const retryMs = { first: 100, most: 2_000 }

/**
 * Hints, and one poll behind them, say whose events to look for. One query at a time reads the new ones of all those users, and
 * they are given to who follows them. Only who is behind what is in memory reads the database by itself.
 */
export function createEventFeed({ db, listener, log }: FeedOptions): EventFeed {
  const streams = new Map<string, Followed>()
  const due = new Set<string>()
  const catchUps = pLimit(catchUpsAtOnce)
  let reading = false
  let polling = false
  let closed = false

  const look = (userId: string) => {
    due.add(userId)
    if (!reading) void read()
  }

  const read = async (): Promise<void> => {
    reading = true
    let waitMs = retryMs.first
    while (due.size > 0 && !closed) {
      const users = [...due].slice(0, usersAtOnce)
      for (const userId of users) due.delete(userId)
      const followed = new Map(users.flatMap((userId) => both(userId, streams.get(userId)?.stream)))
      try {
        const heads = [...followed].map(([userId, { head }]) => ({ userId, head }))
        const rows = heads.length > 0 ? await readNewEvents(db, heads, batch) : []
        for (const userId of give(rows, followed)) due.add(userId)
        waitMs = retryMs.first
      } catch (error) {
        log.warn({ error }, 'could not read events, and will again')
        for (const userId of users) due.add(userId)
        await sleep(waitMs)
        waitMs = Math.min(waitMs * 2, retryMs.most)
      }
    }
    reading = false
  }

  /** @returns of whom there may be more. */
  const give = (rows: readonly EventRow[], followed: ReadonlyMap<string, Stream>): string[] => {
    const counts = new Map<string, number>()
    for (const row of rows) {
      counts.set(row.user_id, (counts.get(row.user_id) ?? 0) + 1)
      const stream = followed.get(row.user_id)
      // Who left and came back meanwhile has another, with a place of its own, and is read for again.
      if (stream && streams.get(row.user_id)?.stream === stream) stream.take(row)
    }
    return [...counts].flatMap(([userId, count]) => (count === batch ? [userId] : []))
  }

  const poll = async (): Promise<void> => {
    polling = true
    try {
      for (const { user_id, last_seq } of await readLastNumbers(db, [...streams.keys()])) {
        const head = streams.get(user_id)?.stream.head
        if (head !== undefined && last_seq > head) look(user_id)
      }
    } catch (error) {
      log.warn({ error }, 'could not look for events, and will again')
    }
    polling = false
  }
  const timer = setInterval(() => {
    batches.clear()
    if (streams.size > 0 && !polling) void poll()
  }, pollMs)
  timer.unref()

  const streamOf = (userId: string, last: number): Followed => {
    const there = streams.get(userId)
    if (there) return there
    const unlisten = listener.on('events', userId, () => look(userId))
    const followed = { stream: createStream(last), unlisten }
    streams.set(userId, followed)
    return followed
  }

  // A thousand who fell behind together are as far behind as one another: what is read is what many are told.
  const batches = new Map<string, Promise<Batch>>()
  const readBatch = (stream: Stream, place: TopicPlace): Promise<Batch> => {
    const key = `${place.userId} ${topicKey(place.topic)} ${place.after}`
    const shared = batches.get(key)
    if (shared) return shared
    const [oldest] = batches.keys()
    if (batches.size >= keptBatches && oldest !== undefined) batches.delete(oldest)
    const forget = () => {
      if (batches.get(key) === reading) batches.delete(key)
    }
    const reading = catchUps(async () => {
      const { head } = stream
      const rows = await readTopic(db, { ...place, batch: catchUpBatch })
      // What is full stays as it is, and what is not may be more a moment later.
      if (rows.length < catchUpBatch) forget()
      return { rows, head }
    })
    reading.catch(forget)
    batches.set(key, reading)
    return reading
  }

  const tryUntil = async <Answer>(signal: AbortSignal, run: () => Promise<Answer>): Promise<Answer | undefined> => {
    for (let waitMs = retryMs.first; !signal.aborted; waitMs = Math.min(waitMs * 2, retryMs.most)) {
      try {
        return await run()
      } catch (error) {
        log.warn({ error }, 'could not read earlier events, and will again')
        await sleep(waitMs, undefined, { signal }).catch(() => undefined)
      }
    }
    return undefined
  }

  return {
    async *follow({ userId, topic, after, last }, signal, tell) {
      const followed = streamOf(userId, last)
      const { stream } = followed
      const follower = stream.join(topicKey(topic), after)
      signal.addEventListener('abort', follower.wake)
      // What was committed since `last` was asked for, perhaps before anybody listened.
      look(userId)
      try {
        while (!signal.aborted) {
          if (follower.isBehind) {
            const batch = await tryUntil(signal, async () => {
              const { rows, head } = await readBatch(stream, { userId, topic, after: follower.seen })
              return { rows: [...rows], head }
            })
            if (!batch) return
            const { rows, head } = batch
            let seen = follower.seen
            const isLast = rows.length < catchUpBatch
            // One that was told is let go: whoever does not read may hold what is left of them for long.
            for (let row = rows.shift(); row; row = rows.shift()) {
              const { seq } = row
              yield tell(row)
              seen = seq
              if (signal.aborted) return
            }
            follower.catchUp(isLast ? Math.max(seen, head) : seen)
            continue
          }
          const row = follower.shift()
          if (row) yield tell(row)
          else await follower.wait()
        }
      } finally {
        signal.removeEventListener('abort', follower.wake)
        follower.leave()
        if (stream.followers === 0 && streams.get(userId) === followed) {
          followed.unlisten()
          streams.delete(userId)
        }
      }
    },
    get followers() {
      let count = 0
      for (const { stream } of streams.values()) count += stream.followers
      return count
    },
    close() {
      closed = true
      clearInterval(timer)
    },
  }
}

/** What one who is behind reads. */
interface Batch {
  readonly rows: readonly EventRow[]
  /** The last number that was known before. */
  readonly head: number
}

interface Followed {
  readonly stream: Stream
  readonly unlisten: () => void
}

const both = <Value>(key: string, value: Value | undefined): [string, Value][] =>
  value === undefined ? [] : [[key, value]]
