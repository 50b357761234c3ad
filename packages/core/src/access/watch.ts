import type { Listener } from '@loqui/db/listen'
import type { Log } from '../context.ts'
import { Refusal } from '../errors.ts'

/** Whether credentials still hold, asked once in a process for all that lives by them: sockets, streams, subscriptions. */
export interface Access {
  watch(credential: WatchedCredential): AccessWatch
}

export interface WatchedCredential {
  /** Names it among all credentials. */
  readonly id: string
  readonly userId: string
  /** @throws {Refusal} when it no longer holds. */
  verify(): Promise<VerifiedCredential>
}

export interface VerifiedCredential {
  /** When it ends by itself, as far as is known now. */
  readonly endsAt: Date | null
}

export interface AccessWatch {
  /** Aborted when the credential no longer holds; the reason is the refusal. */
  readonly signal: AbortSignal
  release(): void
}

/** It is asked again when a hint says so, when it should have ended, and this often in case a hint was lost. */
const recheckMs = 60_000
/** By a clock of ours that is a little ahead it might be asked for too early. */
const leastMs = 200
/** Where nobody could say. */
const retryMs = 1_000

export function createAccess({ listener, log }: { readonly listener: Listener; readonly log: Log }): Access {
  const watched = new Map<string, { readonly watching: Watching; users: number }>()
  return {
    watch(credential) {
      const { id } = credential
      const known = watched.get(id)
      // One that did not hold may hold again, of an account that is enabled anew.
      const one =
        known && !known.watching.signal.aborted
          ? known
          : { watching: startWatching(listener, log, credential), users: 0 }
      watched.set(id, one)
      one.users++
      let released = false
      return {
        signal: one.watching.signal,
        release() {
          if (released) return
          released = true
          one.users--
          if (one.users > 0) return
          one.watching.stop()
          if (watched.get(id) === one) watched.delete(id)
        },
      }
    },
  }
}

interface Watching {
  readonly signal: AbortSignal
  stop(): void
}

function startWatching(listener: Listener, log: Log, { userId, verify }: WatchedCredential): Watching {
  const access = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let checking = false
  let again = false
  let stopped = false

  const check = async (): Promise<void> => {
    if (stopped) return
    if (checking) {
      again = true
      return
    }
    checking = true
    clearTimeout(timer)
    let nextMs = recheckMs
    do {
      again = false
      try {
        const { endsAt } = await verify()
        nextMs = endsAt ? Math.max(leastMs, Math.min(recheckMs, endsAt.getTime() - Date.now())) : recheckMs
      } catch (error) {
        if (error instanceof Refusal && error.reason !== 'service_unavailable' && error.reason !== 'rate_limited') {
          stop()
          access.abort(error)
          return
        }
        // A database that does not answer has not taken anybody's access away.
        log.warn({ error }, 'could not look whether credentials still hold, and will again')
        nextMs = retryMs
      }
    } while (again)
    checking = false
    if (!stopped) timer = setTimeout(check, nextMs)
  }
  const unlisten = listener.on('access', userId, () => void check())
  const stop = () => {
    stopped = true
    clearTimeout(timer)
    unlisten()
  }
  // It may have ended before anybody listened.
  void check()
  return { signal: access.signal, stop }
}
