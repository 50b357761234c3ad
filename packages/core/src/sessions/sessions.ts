import { createHash } from 'node:crypto'
import type { Db } from '@loqui/db/client'
import type { Role } from '@loqui/db/schema/accounts'
import { type Adapter, Lucia, TimeSpan } from 'lucia'

/**
 * The one place that knows lucia, deprecated by its author and kept because it does this much well: random ids,
 * sliding expiry. What it lacks is added here: its own adapter would store session ids as they are, this one stores
 * their SHA-256, so that reading the table is no way in. Replacing it means rewriting this file; no data moves.
 */
export interface Sessions {
  /** Opens a session; the id is the credential and is not kept. */
  create(userId: string): Promise<{ id: string; expiresAt: Date }>
  /** The session behind an id, or `null` when it is unknown or over. Its expiry moves on while it is used. */
  validate(id: string): Promise<LiveSession | null>
  invalidate(id: string): Promise<void>
}

export interface LiveSession {
  readonly id: string
  readonly userId: string
  readonly role: Role
  readonly disabled: boolean
  readonly expiresAt: Date
  /** True when the expiry has just moved: a cookie should be set again. */
  readonly fresh: boolean
}

declare module 'lucia' {
  interface Register {
    DatabaseUserAttributes: { role: Role; disabled: boolean }
    DatabaseSessionAttributes: { createdAt: Date | null }
  }
}

/** A session ends after a week without use, and after 30 days in any case. */
const idle = new TimeSpan(7, 'd')
const absolute = new TimeSpan(30, 'd')

export function createSessions(db: Db): Sessions {
  const lucia = new Lucia(createAdapter(db), {
    sessionExpiresIn: idle,
    getUserAttributes: ({ role, disabled }) => ({ role, disabled }),
    getSessionAttributes: ({ createdAt }) => ({ createdAt }),
  })
  return {
    async create(userId) {
      const { id, expiresAt } = await lucia.createSession(userId, { createdAt: null })
      return { id, expiresAt }
    },
    async validate(id) {
      const { session, user } = await lucia.validateSession(id)
      if (!session) return null
      // Lucia types attributes by a registered instance; ours are those that `getUserAttributes` above returns.
      const { role, disabled } = user as unknown as { role: Role; disabled: boolean }
      const { createdAt } = session as unknown as { createdAt: Date }
      if (createdAt.getTime() + absolute.milliseconds() <= Date.now()) {
        await lucia.invalidateSession(id)
        return null
      }
      return { id, userId: session.userId, role, disabled, expiresAt: session.expiresAt, fresh: session.fresh }
    },
    invalidate: (id) => lucia.invalidateSession(id),
  }
}

/** Whether it has the form of a session's id: lucia's 200 random bits in base32. */
export const isSessionId = (token: string) => /^[a-z2-7]{40}$/.test(token)

const hashId = (id: string) => createHash('sha256').update(id).digest()

function createAdapter(db: Db): Adapter {
  return {
    async getSessionAndUser(id) {
      const row = await db
        .selectFrom('session')
        .innerJoin('account', 'account.id', 'session.user_id')
        .select(['session.user_id', 'session.expires_at', 'session.created_at', 'account.role', 'account.disabled_at'])
        .where('session.id_hash', '=', hashId(id))
        .executeTakeFirst()
      if (!row) return [null, null]
      return [
        { id, userId: row.user_id, expiresAt: row.expires_at, attributes: { createdAt: row.created_at } },
        { id: row.user_id, attributes: { role: row.role, disabled: row.disabled_at !== null } },
      ]
    },
    async setSession(session) {
      await db
        .insertInto('session')
        .values({ id_hash: hashId(session.id), user_id: session.userId, expires_at: session.expiresAt })
        .execute()
    },
    async updateSessionExpiration(id, expiresAt) {
      await db.updateTable('session').set({ expires_at: expiresAt }).where('id_hash', '=', hashId(id)).execute()
    },
    async deleteSession(id) {
      await db.deleteFrom('session').where('id_hash', '=', hashId(id)).execute()
    },
    async deleteUserSessions(userId) {
      await db.deleteFrom('session').where('user_id', '=', userId).execute()
    },
    async deleteExpiredSessions() {
      await db.deleteFrom('session').where('expires_at', '<=', new Date()).execute()
    },
    // Lucia would hand these ids out as credentials, and the table has none: sessions are listed by their rows.
    getUserSessions: async () => [],
  }
}
