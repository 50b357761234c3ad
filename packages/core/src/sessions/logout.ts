import type { Caller } from '../context.ts'

/** Ends the session the caller acts by. With a key there is nothing to end. */
export async function logout({ sessions, actor, hints }: Caller<'sessions' | 'actor' | 'hints'>): Promise<void> {
  if (actor.kind !== 'user') return
  await sessions.invalidate(actor.sessionId)
  hints.hint('access', actor.userId)
}
