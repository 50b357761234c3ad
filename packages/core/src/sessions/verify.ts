import type { Actor } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import type { Limit } from '../limits/limit.ts'
import { countRequest } from '../limits/requests.ts'
import type { LiveSession } from './sessions.ts'

/** A session that holds. */
export interface VerifiedSession {
  readonly actor: Extract<Actor, { kind: 'user' }>
  /** True when the expiry has just moved: a cookie should be set again. */
  readonly fresh: boolean
  readonly expiresAt: Date
  /** When it is over unless its expiry moves on. */
  readonly endsAt: Date
}

/**
 * Turns a session id into who acts by it.
 *
 * @throws {Refusal} `session_expired`, `account_disabled`.
 */
export async function verifySession({ sessions }: Caller<'sessions'>, id: string): Promise<VerifiedSession> {
  return toVerified(ensureHolds(await sessions.validate(id)))
}

/**
 * The same, and one request of theirs, in the same round trip.
 *
 * @returns also what is left.
 * @throws {Refusal} as `verifySession` does; `rate_limited`.
 */
export async function admitSession(
  caller: Caller<'sessions' | 'limits'>,
  id: string,
): Promise<VerifiedSession & { left: Limit[] }> {
  const { sessions, limits } = caller
  const counted = await limits.store.ask(() => sessions.admit(id))
  const session = ensureHolds(counted === undefined ? await sessions.validate(id) : counted)
  const { userId, userPerMinute } = session
  return { ...toVerified(session), left: countRequest(caller, { userId, userPerMinute }, counted?.taken ?? undefined) }
}

function ensureHolds(session: LiveSession | null): LiveSession {
  if (!session) throw new Refusal('session_expired', 'The session has ended. Log in again.')
  if (session.disabled) throw new Refusal('account_disabled', 'This account is disabled.')
  return session
}

const toVerified = ({ id, userId, role, fresh, expiresAt, endsAt }: LiveSession): VerifiedSession => ({
  actor: { kind: 'user', userId, role, sessionId: id },
  fresh,
  expiresAt,
  endsAt,
})
