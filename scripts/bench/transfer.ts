/** What a client of files is to send or to fetch, over as many keep-alive connections as there are transfers at once. */
export interface Transfer {
  readonly port: number
  readonly atOnce: number
  /** Transfers in all. */
  readonly count: number
  readonly what: Transferred
}

export type Transferred =
  /** As a form with a file, in the name of users 1 to `users`, in turn. */
  | { readonly kind: 'form'; readonly path: string; readonly file: string; readonly users: number }
  /** As the body of a request, and nothing else. */
  | { readonly kind: 'body'; readonly path: string; readonly file: string }
  /** A file of so many bytes from places all over it on, in the name of user 1: `length` of them, or all that follow. */
  | { readonly kind: 'range'; readonly path: string; readonly fileBytes: number; readonly length?: number }

export interface TransferAnswer {
  /** Of the files, of all transfers together. */
  readonly megabytesPerSecond: number
  /** From the first byte that was sent to the last that was answered, of the slowest transfer, in milliseconds. */
  readonly slowestMs: number
}
