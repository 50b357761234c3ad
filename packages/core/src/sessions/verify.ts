import type { Actor } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'

/**
 * Turns a session id into who acts by it.
 *
 * @throws {Refusal} `session_expired`, `account_disabled`.
 */
export async function verifySession(
  { sessions }: Caller<'sessions'>,
  id: string,
): Promise<{ actor: Extract<Actor, { kind: 'user' }>; fresh: boolean; expiresAt: Date }> {
  const session = await sessions.validate(id)
  if (!session) throw new Refusal('session_expired', 'The session has ended. Log in again.')
  if (session.disabled) throw new Refusal('account_disabled', 'This account is disabled.')
  const { userId, role, fresh, expiresAt } = session
  return { actor: { kind: 'user', userId, role, sessionId: id }, fresh, expiresAt }
}
