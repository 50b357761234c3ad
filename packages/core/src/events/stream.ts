import type { EventRow } from '@loqui/db/schema/generations'
import { topicKeysOf } from './topic.ts'

/** What is kept of an event that came, and given to who follows it. */
type Kept = Pick<EventRow, 'seq' | 'generation_id' | 'type'>

/** The latest events of one user, and who follows them: what is in memory of `event` and no more. */
export interface Stream<Event extends Kept = EventRow> {
  /** The number of the last event that has come. */
  readonly head: number
  readonly followers: number
  /** Takes the event after `head`. */
  take(event: Event): void
  /** Adds one who has seen everything up to number `after`; is behind where more than that has come. */
  join(topic: string, after: number): Follower<Event>
}

/** One who follows. Either it is given what comes, or it is behind and has to fetch what it lacks. */
export interface Follower<Event> {
  /** The number up to which it has had everything on its topic. */
  readonly seen: number
  readonly isBehind: boolean
  /** The next event that it was given. */
  shift(): Event | undefined
  /** Says that it has had everything on its topic up to a number. Goes on by itself if all since then is in memory. */
  catchUp(seen: number): void
  /** Resolves when there may be something to shift, or it was woken otherwise. */
  wait(): Promise<void>
  wake(): void
  leave(): void
}

/** Of one user: more than come between two turns of the event loop, few enough for a thousand users at once. */
const mostKept = 64
/** Waiting for one follower. Who is slower than that reads the database again. */
const mostWaiting = 64

export function createStream<Event extends Kept = EventRow>(start: number): Stream<Event> {
  const kept: Event[] = []
  const topics = new Map<string, Set<Receiver<Event>>>()
  let head = start
  let followers = 0

  return {
    get head() {
      return head
    },
    get followers() {
      return followers
    },
    take(event) {
      head = event.seq
      kept.push(event)
      if (kept.length > mostKept) kept.shift()
      for (const topic of topicKeysOf(event)) for (const receiver of topics.get(topic) ?? []) receiver.receive(event)
    },
    join(topic, after) {
      let seen = after
      let waiting: Event[] = []
      let isBehind = false
      let woken = Promise.withResolvers<void>()
      const wake = () => woken.resolve()
      const receive = (event: Event) => {
        if (isBehind || event.seq <= seen) return
        if (waiting.length === mostWaiting) {
          waiting = []
          isBehind = true
        } else {
          waiting.push(event)
        }
        wake()
      }
      const catchUp = (upTo: number) => {
        seen = Math.max(seen, upTo)
        isBehind = seen < head && !(kept[0] && kept[0].seq <= seen + 1)
        waiting = isBehind ? [] : kept.filter((event) => event.seq > seen && topicKeysOf(event).includes(topic))
      }
      catchUp(after)
      const receivers = topics.get(topic) ?? new Set()
      const receiver: Receiver<Event> = { receive }
      topics.set(topic, receivers.add(receiver))
      followers++
      return {
        get seen() {
          return seen
        },
        get isBehind() {
          return isBehind
        },
        shift() {
          const event = waiting.shift()
          if (event) seen = event.seq
          return event
        },
        catchUp,
        async wait() {
          await woken.promise
          woken = Promise.withResolvers()
        },
        wake,
        leave() {
          if (!receivers.delete(receiver)) return
          followers--
          if (receivers.size === 0 && topics.get(topic) === receivers) topics.delete(topic)
        },
      }
    },
  }
}

interface Receiver<Event> {
  receive(event: Event): void
}
