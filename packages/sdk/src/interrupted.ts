import { TRPCClientError } from '@trpc/client'

/** A subscription lost its way to the server and goes on after the last event it has seen, as `resume` in links.ts says. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

export const interrupted = (message: string, cause?: unknown) =>
  TRPCClientError.from(new Interrupted(message, { cause }))
