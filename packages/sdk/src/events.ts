import type { Unsubscribable } from '@trpc/server/observable'
import { unreachable, unreachableMs } from './attempt.ts'
import { toLoquiError } from './errors.ts'

/** What a subscription tells, as tRPC calls it. */
export interface Observer<Event> {
  readonly onData: (data: { readonly id: string; readonly data: Event }) => void
  readonly onError: (error: unknown) => void
  readonly onComplete: () => void
  readonly onConnectionStateChange: (change: { readonly state: string; readonly error?: unknown }) => void
}

/**
 * Turns a subscription into something to loop over. It is subscribed when the loop begins and ended when it is left;
 * events come in order, none twice.
 *
 * @throws {LoquiError}; the reason of `signal`.
 */
export async function* events<Event extends { readonly id: string }>(
  subscribe: (observer: Observer<Event>) => Unsubscribable,
  signal: AbortSignal | undefined,
): AsyncGenerator<Event, void, undefined> {
  signal?.throwIfAborted()
  const waiting: Event[] = []
  let end: { readonly error: unknown } | 'complete' | undefined
  let wake = () => {}
  let patience: ReturnType<typeof setTimeout> | undefined
  // Where nothing has happened yet, how things are is told under 0.
  let lastId = -1

  const finish = (how: NonNullable<typeof end>) => {
    end ??= how
    wake()
  }
  const onAbort = () => {
    waiting.length = 0
    finish({ error: signal?.reason })
  }
  signal?.addEventListener('abort', onAbort)

  const subscription = subscribe({
    onData({ id, data }) {
      // What was on its way when a connection was lost can come again over the next one.
      if (Number(id) <= lastId) return
      lastId = Number(id)
      waiting.push(data)
      wake()
    },
    onError: (error) => finish({ error: toLoquiError(error) }),
    onComplete: () => finish('complete'),
    onConnectionStateChange({ state, error }) {
      if (state === 'connecting') {
        patience ??= setTimeout(() => finish({ error: unreachable(unreachableMs, error) }), unreachableMs)
      } else {
        clearTimeout(patience)
        patience = undefined
      }
    },
  })
  try {
    for (;;) {
      const event = waiting.shift()
      if (event) yield event
      else if (end === 'complete') return
      else if (end) throw end.error
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    clearTimeout(patience)
    signal?.removeEventListener('abort', onAbort)
    subscription.unsubscribe()
  }
}
