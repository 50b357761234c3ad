import type { ServerResponse } from 'node:http'
import { createPlaces, type Places, takeEach } from './places.ts'
import { createStalls, type Stalls } from './stalls.ts'

/** What one server holds open at the same time. */
export interface ConnectionLimits {
  readonly socketsPerUser: number
  /** Streams of server-sent events, each of which is one subscription. */
  readonly streamsPerUser: number
  /** Sockets and streams together. */
  readonly connectionsPerAddress: number
  readonly subscriptionsPerSocket: number
  readonly subscriptionsPerUser: number
  /** Of one socket; as many may come at once. */
  readonly messagesPerMinute: number
  /** A client that takes nothing of what is sent to it for this long is dropped. It resumes where it was. */
  readonly stalledMs: number
  /** The same for who listens to audio while it is made, and cannot resume. */
  readonly listenerStalledMs: number
}

/** Those that no variable sets. */
export const fixedLimits = {
  streamsPerUser: 100,
  subscriptionsPerSocket: 100,
  subscriptionsPerUser: 2_000,
  messagesPerMinute: 300,
  stalledMs: 30_000,
  // A player that is paused takes nothing. Nor is every one seen to take something that plays: the system takes up to 1.6 MB at
  // a time off our hands, which is nine minutes of Opus at 24 kbit/s.
  listenerStalledMs: 10 * 60_000,
} as const satisfies Partial<ConnectionLimits>

/** The connections of one server that stay open: sockets, and streams of server-sent events. */
export interface Connections {
  readonly limits: ConnectionLimits
  /** By address. */
  readonly ofAddress: Places
  /** By user. */
  readonly sockets: Places
  /** By user. */
  readonly subscriptions: Places
  readonly stalls: Stalls
  /** Of those who listen to audio while it is made. */
  readonly listenerStalls: Stalls
  /**
   * Takes what a stream needs.
   *
   * @returns what gives it back.
   * @throws {Refusal} `concurrency_limited`.
   */
  openStream(res: ServerResponse, of: { readonly userId: string; readonly address: string }): () => void
  /** Breaks off all streams: their clients go on elsewhere. */
  endStreams(): void
  close(): void
}

export function createConnections(limits: ConnectionLimits): Connections {
  const ofAddress = createPlaces('address-connections', limits.connectionsPerAddress)
  const subscriptions = createPlaces('subscriptions', limits.subscriptionsPerUser)
  const streamsOfUser = createPlaces('streams', limits.streamsPerUser)
  const stalls = createStalls(limits.stalledMs)
  const listenerStalls = createStalls(limits.listenerStalledMs)
  const streams = new Set<ServerResponse>()
  return {
    limits,
    ofAddress,
    sockets: createPlaces('sockets', limits.socketsPerUser),
    subscriptions,
    stalls,
    listenerStalls,
    openStream(res, { userId, address }) {
      const giveBack = takeEach([
        [ofAddress, address],
        [streamsOfUser, userId],
        [subscriptions, userId],
      ])
      streams.add(res)
      const unwatch = res.socket ? stalls.watch(res.socket, () => res.destroy()) : () => undefined
      return () => {
        unwatch()
        streams.delete(res)
        giveBack()
      }
    },
    endStreams() {
      for (const res of streams) res.destroy()
    },
    close() {
      stalls.close()
      listenerStalls.close()
    },
  }
}
