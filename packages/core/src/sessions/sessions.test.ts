import { sql } from 'kysely'
import { describe, expect, test, vi } from 'vitest'
import { register, registerInput } from '../accounts/register.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { login, loginInput } from './login.ts'
import { logout } from './logout.ts'
import { hashPassword, verifyPassword } from './password.ts'
import { verifySession } from './verify.ts'

const core = await testCore([])
const { services } = core
const { db } = services

const password = 'correct horse battery'
let people = 0
const join = (own = password) =>
  register(services, registerInput.parse({ email: `person${people++}@example.com`, password: own }))
const enter = (email: string, attempt: string) => login(services, loginInput.parse({ email, password: attempt }))

/** Moves a session in time, as if the clock had gone on: both its beginning and its end lie that much earlier. */
const age = (userId: string, interval: string) =>
  sql`update session set expires_at = expires_at - ${interval}::interval, created_at = created_at - ${interval}::interval
    where user_id = ${rowId(userId)}`.execute(db)

const sessionsOf = (userId: string) =>
  db.selectFrom('session').selectAll().where('user_id', '=', rowId(userId)).execute()

describe('logging in', () => {
  test('opens another session beside those there are', async () => {
    const { user, token } = await join()
    const second = await enter(user.email, password)
    expect(second.user).toEqual(user)
    expect(second.token).not.toBe(token)
    for (const each of [token, second.token]) {
      expect((await verifySession(services, each)).actor).toMatchObject({ userId: rowId(user.id), sessionId: each })
    }
    expect(await sessionsOf(user.id)).toHaveLength(2)
  })

  test('with a wrong password and with an unknown address gets the same answer', async () => {
    const { user } = await join()
    const wrong = await refusal(enter(user.email, 'incorrect horse'))
    const unknown = await refusal(enter('nobody@example.com', password))
    expect(unknown).toEqual(wrong)
    expect(wrong).toMatchObject({ reason: 'wrong_credentials', issues: [] })
    expect(await sessionsOf(user.id)).toHaveLength(1)
  })

  test('takes as much work for an unknown address as for a wrong password', async () => {
    const { user } = await join()
    const times: Record<string, number[]> = { known: [], unknown: [] }
    for (let round = 0; round < 12; round++) {
      for (const [kind, email] of [
        ['known', user.email],
        ['unknown', 'nobody@example.com'],
      ] as const) {
        const started = performance.now()
        await refusal(enter(email, 'incorrect horse'))
        times[kind]!.push(performance.now() - started)
      }
    }
    const median = (of: number[]) => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)]!
    // Without the work an unknown address is answered some ten times faster.
    expect(median(times.unknown!)).toBeGreaterThan(median(times.known!) / 3)
  })

  test.for([
    ['a space behind', `${password} `],
    ['other capitals', password.toUpperCase()],
    ['its beginning', password.slice(0, -1)],
    ['more behind it', `${password}!`],
  ])('is not possible with %s', async ([, attempt]) => {
    const { user } = await join()
    expect(await refusal(enter(user.email, attempt!))).toMatchObject({ reason: 'wrong_credentials' })
  })

  test('takes a password however the keyboard composes it', async () => {
    const { user } = await join('pässwörd ﬁve')
    await enter(user.email, 'pässwörd ﬁve'.normalize('NFD'))
    await enter(user.email, 'pässwörd five')
  })
})

describe('a password', () => {
  test('is hashed with Argon2id at OWASP’s minimum, with a salt of its own', async () => {
    const [first, second] = [await hashPassword(password), await hashPassword(password)]
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(first).not.toBe(second)
    expect(await verifyPassword(first, password)).toBe(true)
    expect(await verifyPassword(second, `${password}.`)).toBe(false)
  })

  test('is never right where there is no account, not even that of nobody', async () => {
    expect(await verifyPassword(null, 'there is no such account')).toBe(false)
  })
})

describe('a session', () => {
  test('is kept as its SHA-256 alone', async () => {
    const { user, token } = await join()
    const [row] = await sessionsOf(user.id)
    const { rows } = await sql<{ hash: Buffer }>`select sha256(convert_to(${token}, 'UTF8')) as hash`.execute(db)
    expect(row!.id_hash).toEqual(rows[0]!.hash)
    expect(token).toMatch(/^[a-z2-7]{40}$/)
  })

  test('lasts a week without use, and a week more from each use in its second half', async () => {
    const { user, token } = await join()
    const day = 86_400_000
    expect((await verifySession(services, token)).fresh).toBe(false)
    await age(user.id, '3 days')
    expect(await verifySession(services, token)).toMatchObject({ fresh: false })
    await age(user.id, '1 day')
    const used = await verifySession(services, token)
    expect(used.fresh).toBe(true)
    expect((used.expiresAt.getTime() - Date.now()) / day).toBeCloseTo(7, 2)
    await age(user.id, '6 days 23 hours')
    await verifySession(services, token)
    await age(user.id, '7 days 1 second')
    expect(await refusal(verifySession(services, token))).toMatchObject({ reason: 'session_expired' })
    expect(await sessionsOf(user.id)).toEqual([])
  })

  test('lasts 30 days and no longer, however much it is used', async () => {
    const { user, token } = await join()
    for (let days = 0; days < 28; days += 4) {
      await age(user.id, '4 days')
      await verifySession(services, token)
    }
    await age(user.id, '1 day 23 hours')
    await verifySession(services, token)
    await age(user.id, '1 hour 1 second')
    expect(await refusal(verifySession(services, token))).toMatchObject({ reason: 'session_expired' })
    expect(await sessionsOf(user.id)).toEqual([])
  })

  test('ends with logging out, and the others of the same person do not', async () => {
    const { user, token } = await join()
    const other = await enter(user.email, password)
    const told = vi.fn()
    const unlisten = services.listener.on('access', rowId(user.id), told)
    const { actor } = await verifySession(services, token)
    await logout({ ...services, actor })
    expect(await refusal(verifySession(services, token))).toMatchObject({ reason: 'session_expired' })
    await verifySession(services, other.token)
    await vi.waitFor(() => expect(told).toHaveBeenCalled())
    unlisten()
    await logout({ ...services, actor })
  })

  test('of a disabled account is refused', async () => {
    const { user, token } = await join()
    await db.updateTable('account').set({ disabled_at: new Date() }).where('id', '=', rowId(user.id)).execute()
    expect(await refusal(verifySession(services, token))).toMatchObject({ reason: 'account_disabled' })
  })

  test.for(['', 'x', '\0', "' or true --", 'a'.repeat(40), 'a'.repeat(1_000_000)])(
    'that never was is over: %#',
    async (id) => {
      expect(await refusal(verifySession(services, id))).toMatchObject({ reason: 'session_expired' })
    },
  )

  test('has nothing to do with a key, which logs nothing out', async () => {
    const { user, token } = await join()
    const byKey = { kind: 'key', userId: rowId(user.id), role: 'user', keyId: 'k', scopes: [] } as const
    await logout({ ...services, actor: byKey })
    await verifySession(services, token)
  })
})
