/** What a process full of subscribers is told to do, and what it answers. */
export type Order =
  /** Opens so many sockets, waits until each has subscribed if there is something to say, and names them. Answers nothing. */
  | {
      readonly do: 'open'
      readonly name: string
      readonly url: string
      readonly count: number
      readonly headers: Readonly<Record<string, string>>
      /** A frame that subscribes. */
      readonly hello?: string
    }
  /** Begins to count what comes to the sockets of that name. Answers nothing, when it has. */
  | { readonly do: 'listen'; readonly name: string }
  /** Waits until each of them has got one frame since. Answers with `Arrivals`. */
  | { readonly do: 'wait'; readonly name: string }
  /** Begins to note how old each event is that comes to any of the sockets, from now on. Answers nothing, when it has. */
  | { readonly do: 'note' }
  /** Answers `{ count }` of those that were written between two times in milliseconds since 1970. */
  | { readonly do: 'count'; readonly since: number; readonly until: number }
  /** Answers with their `Ages`. */
  | { readonly do: 'ages'; readonly since: number; readonly until: number }
  /** Stops to read what comes to the sockets of that name, and subscribes to all that ever happened. Answers nothing. */
  | { readonly do: 'ignore'; readonly name: string; readonly hello: string }
  /** Subscribes to all that ever happened, and waits until each has got so many frames. Answers nothing. */
  | { readonly do: 'read'; readonly name: string; readonly hello: string; readonly frames: number }
  /** Closes them. Answers nothing. */
  | { readonly do: 'close'; readonly name: string }

/** From when an event was written, as it says itself, to its arrival, in milliseconds. */
export interface Ages {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly most: number
}

export interface Arrivals {
  /** When each came, in milliseconds since 1970. */
  readonly times: readonly number[]
  /** One of the frames. */
  readonly frame: string
}
