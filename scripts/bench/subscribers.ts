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
  /** Closes them. Answers nothing. */
  | { readonly do: 'close'; readonly name: string }

export interface Arrivals {
  /** When each came, in milliseconds since 1970. */
  readonly times: readonly number[]
  /** One of the frames. */
  readonly frame: string
}
