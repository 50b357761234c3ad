import { createHash } from 'node:crypto'
import type { Db } from '@loqui/db/client'
import type { Role } from '@loqui/db/schema/accounts'
import { sql } from 'kysely'
import { type Adapter, Lucia, TimeSpan } from 'lucia'
import type { TakenRow } from '../limits/allowance.ts'

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
  /** The same, and takes one request from the allowance of its user on the way. */
  admit(id: string): Promise<LiveSession | null>
  invalidate(id: string): Promise<void>
}

export interface LiveSession {
  readonly id: string
  readonly userId: string
  readonly role: Role
  readonly disabled: boolean
  readonly expiresAt: Date
  /** When it is over unless its expiry moves on, at the latest thirty days after it began. */
  readonly endsAt: Date
  /** True when the expiry has just moved: a cookie should be set again. */
  readonly fresh: boolean
  /** What the user's plan allows. */
  readonly userPerMinute: number
  /** What became of the request that was to be taken. */
  readonly taken: TakenRow | null
}

declare module 'lucia' {
  interface Register {
    DatabaseUserAttributes: { role: Role; disabled: boolean }
    DatabaseSessionAttributes: SessionAttributes
  }
}

interface SessionAttributes {
  /** Not known to who opens it: the database says when that is. */
  readonly createdAt: Date | null
  readonly userPerMinute: number
  /** Where a request was to be taken. */
  readonly taken: TakenRow | null
}

/** A session ends after a week without use, and after 30 days in any case. */
const idle = new TimeSpan(7, 'd')
const absolute = new TimeSpan(30, 'd')

export function createSessions(db: Db): Sessions {
  // Lucia's adapter takes an id and nothing else, so taking a request on the way is another adapter.
  const plain = createLucia(db, { take: false })
  const taking = createLucia(db, { take: true })
  return {
    async create(userId) {
      const { id, expiresAt } = await plain.createSession(userId, { createdAt: null, userPerMinute: 0, taken: null })
      return { id, expiresAt }
    },
    validate: (id) => validate(plain, id),
    admit: (id) => validate(taking, id),
    invalidate: (id) => plain.invalidateSession(id),
  }
}

function createLucia(db: Db, options: { readonly take: boolean }) {
  return new Lucia(createAdapter(db, options), {
    sessionExpiresIn: idle,
    getUserAttributes: ({ role, disabled }) => ({ role, disabled }),
    getSessionAttributes: (attributes) => ({ ...attributes }),
  })
}

async function validate(lucia: Lucia, id: string): Promise<LiveSession | null> {
  const { session, user } = await lucia.validateSession(id)
  if (!session) return null
  // Lucia types attributes by a registered instance; ours are those that `createLucia` returns.
  const { role, disabled } = user as unknown as { role: Role; disabled: boolean }
  const { createdAt, userPerMinute, taken } = session as unknown as SessionAttributes & { createdAt: Date }
  const last = createdAt.getTime() + absolute.milliseconds()
  if (last <= Date.now()) {
    await lucia.invalidateSession(id)
    return null
  }
  const { userId, expiresAt, fresh } = session
  const endsAt = new Date(Math.min(last, expiresAt.getTime()))
  return { id, userId, role, disabled, expiresAt, endsAt, fresh, userPerMinute, taken }
}

/** Whether it has the form of a session's id: lucia's 200 random bits in base32. */
export const isSessionId = (token: string) => /^[a-z2-7]{40}$/.test(token)

/** What `admit_session()` answers of a session that is there. */
interface SessionRow extends Omit<TakenRow, 'allowed'> {
  readonly user_id: string
  readonly expires_at: Date
  readonly created_at: Date
  readonly role: Role
  readonly disabled: boolean
  readonly user_per_minute: number
  /** Null where nothing was to be taken. */
  readonly allowed: boolean | null
}

const hashId = (id: string) => createHash('sha256').update(id).digest()

function createAdapter(db: Db, { take }: { readonly take: boolean }): Adapter {
  return {
    async getSessionAndUser(id) {
      const { rows } = await sql<SessionRow | { readonly user_id: null }>`
        select user_id, expires_at, created_at, role, disabled, user_per_minute, (taken).*
        from admit_session(${hashId(id)}, ${take})
      `.execute(db)
      const [row] = rows
      if (!row || row.user_id === null) return [null, null]
      const { user_id: userId, expires_at: expiresAt, created_at: createdAt, role, disabled } = row
      const taken = row.allowed === null ? null : { ...row, allowed: row.allowed }
      return [
        { id, userId, expiresAt, attributes: { createdAt, userPerMinute: row.user_per_minute, taken } },
        { id: userId, attributes: { role, disabled } },
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
