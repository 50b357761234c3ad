import { createDb } from '@loqui/db/client'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { scopes } from '../actor.ts'
import { newId } from '../ids.ts'
import { verifyKey } from '../keys/verify.ts'
import { login, loginInput } from '../sessions/login.ts'
import { verifySession } from '../sessions/verify.ts'
import { refusal, rowId, testCore } from '../testing/core.ts'
import { bootstrap } from './bootstrap.ts'
import { createAdmin, createAdminInput } from './create-admin.ts'
import { me } from './me.ts'
import { register, registerInput } from './register.ts'
import { updateAccount, updateAccountInput } from './update.ts'

const core = await testCore([])
const { services } = core
const { db } = services

const password = 'correct horse battery'
let people = 0
const newEmail = () => `person${people++}@example.com`
const join = (input: object = {}) => register(services, registerInput.parse({ email: newEmail(), password, ...input }))
const enter = (email: string, attempt = password) => login(services, loginInput.parse({ email, password: attempt }))
const system = { ...services, actor: { kind: 'system' } as const }

describe('registering', () => {
  test('makes an account on the free plan and opens its first session', async () => {
    const email = newEmail()
    const { user, token, expiresAt } = await join({ email, name: '  Ada  ' })
    expect(user).toEqual({
      id: expect.stringMatching(/^usr_/),
      email,
      name: 'Ada',
      role: 'user',
      planId: 'free',
      disabled: false,
      createdAt: expect.any(String),
    })
    expect(expiresAt.getTime()).toBeGreaterThan(Date.now() + 6 * 86_400_000)
    const { actor } = await verifySession(services, token)
    expect(actor).toEqual({ kind: 'user', userId: rowId(user.id), role: 'user', sessionId: token })
    expect(await me({ db, actor })).toEqual(user)
  })

  test.for([
    ['  Ada.Lovelace@Example.COM ', 'ada.lovelace@example.com'],
    ['ADA+TAG@EXAMPLE.COM', 'ada+tag@example.com'],
  ])('keeps the address %j as %j, and finds it again however it is written', async ([written, kept]) => {
    const { user } = await join({ email: written })
    expect(user.email).toBe(kept)
    expect((await enter(written!.toUpperCase())).user.id).toBe(user.id)
    expect((await enter(kept!)).user.id).toBe(user.id)
    expect(await refusal(join({ email: kept }))).toMatchObject({ reason: 'email_taken' })
  })

  test('of one address by ten at once makes one account', async () => {
    const email = newEmail()
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => join({ email })))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ reason: 'email_taken' })
    }
    expect(await db.selectFrom('account').select('id').where('email', '=', email).execute()).toHaveLength(1)
  })

  test('beyond what the machine can hash is told to come back, and leaves nothing', async () => {
    const emails = Array.from({ length: 40 }, newEmail)
    const outcomes = await Promise.allSettled(emails.map((email) => join({ email })))
    const refused = emails.filter((_, index) => outcomes[index]!.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ reason: 'busy', retryAfterSeconds: 1 })
    }
    expect(await db.selectFrom('account').select('id').where('email', 'in', refused).execute()).toEqual([])
    expect((await join({ email: refused[0] })).user.email).toBe(refused[0])
  })

  test.for([
    ['no address', { email: '' }, 'email'],
    ['half an address', { email: 'ada@' }, 'email'],
    ['an address with a space', { email: 'ada lovelace@example.com' }, 'email'],
    ['an address with a NUL', { email: 'ada\0@example.com' }, 'email'],
    ['an address with a line break', { email: 'ada@example.com\nbcc: eve@example.com' }, 'email'],
    ['an address of letters that look like others', { email: 'аdа@example.com' }, 'email'],
    ['an address of 255 characters', { email: `${'a'.repeat(243)}@example.com` }, 'email'],
    ['a password of seven characters', { password: '1234567' }, 'password'],
    ['a password of 257 characters', { password: 'a'.repeat(257) }, 'password'],
    ['an empty name', { name: ' ' }, 'name'],
    ['a name of 101 characters', { name: 'a'.repeat(101) }, 'name'],
    ['a role', { role: 'admin' }, ''],
    ['a plan', { planId: 'unlimited' }, ''],
  ] as const)('is not possible with %s', ([, change, field]) => {
    const { error } = registerInput.safeParse({ email: 'ada@example.com', password, ...change })
    expect([...new Set(error?.issues.map(({ path }) => path.join('.')))]).toEqual([field])
  })
})

describe('an administrator', () => {
  test('changes plan, role and access, each alone', async () => {
    const admin = (await core.user({ role: 'admin' })).as
    const { user } = await join()
    const update = (change: object) => updateAccount(admin, updateAccountInput.parse({ id: user.id, ...change }))
    expect(await update({ planId: 'pro' })).toEqual({ ...user, planId: 'pro' })
    expect(await update({ role: 'admin' })).toEqual({ ...user, planId: 'pro', role: 'admin' })
    expect(await update({ disabled: true })).toEqual({ ...user, planId: 'pro', role: 'admin', disabled: true })
    expect(await update({ disabled: false, role: 'user' })).toEqual({ ...user, planId: 'pro' })
    expect(await update({})).toEqual({ ...user, planId: 'pro' })
  })

  test('names a user and a plan that there are', async () => {
    const admin = (await core.user({ role: 'admin' })).as
    expect(await refusal(updateAccount(admin, { id: newId(), disabled: true }))).toMatchObject({
      reason: 'user_not_found',
    })
    const { user } = await join()
    expect(await refusal(updateAccount(admin, { id: rowId(user.id), planId: 'gold' }))).toMatchObject({
      reason: 'plan_not_found',
      message: 'planId: there is no plan “gold”.',
    })
  })

  test('an administrator cannot take his own administration away, another can', async () => {
    const [one, other] = [await core.user({ role: 'admin' }), await core.user({ role: 'admin' })]
    for (const change of [{ role: 'user' }, { disabled: true }] as const) {
      expect(await refusal(updateAccount(one.as, { id: one.id, ...change }))).toMatchObject({ reason: 'forbidden' })
    }
    expect(await updateAccount(other.as, { id: one.id, role: 'user' })).toMatchObject({ role: 'user', disabled: false })
  })

  test('who disables an account ends its sessions for good, and keeps it out', async () => {
    const admin = (await core.user({ role: 'admin' })).as
    const { user, token } = await join()
    await updateAccount(admin, { id: rowId(user.id), disabled: true })
    await expect(verifySession(services, token)).rejects.toThrow()
    expect(await refusal(enter(user.email))).toMatchObject({ reason: 'account_disabled' })
    expect(await refusal(enter(user.email, 'something else'))).toMatchObject({ reason: 'wrong_credentials' })

    await updateAccount(admin, { id: rowId(user.id), disabled: false })
    expect(await refusal(verifySession(services, token))).toMatchObject({ reason: 'session_expired' })
    await verifySession(services, (await enter(user.email)).token)
  })

  test('is what an account becomes with its next call, and stops being with the one after', async () => {
    const admin = (await core.user({ role: 'admin' })).as
    const { user, token } = await join()
    for (const role of ['admin', 'user'] as const) {
      await updateAccount(admin, { id: rowId(user.id), role })
      expect((await verifySession(services, token)).actor.role).toBe(role)
    }
  })

  test('is nobody else: users, keys without the scope and users’ keys with it change nothing', async () => {
    const [admin, user] = [await core.user({ role: 'admin' }), await core.user()]
    const { user: target } = await join()
    for (const [caller, reason] of [
      [user.as, 'forbidden'],
      [await user.withKey(scopes), 'forbidden'],
      [await admin.withKey(scopes.filter((scope) => scope !== 'admin')), 'scope_missing'],
    ] as const) {
      expect(await refusal(updateAccount(caller, { id: rowId(target.id), role: 'admin' }))).toMatchObject({ reason })
      expect(await refusal(createAdmin(caller, { email: newEmail(), password }))).toMatchObject({ reason })
    }
    expect((await enter(target.email)).user).toEqual(target)
    await updateAccount(await admin.withKey(['admin']), { id: rowId(target.id), planId: 'starter' })
  })

  test('is made by the command line, once for each address', async () => {
    const input = createAdminInput.parse({ email: newEmail(), password })
    const account = await createAdmin(system, input)
    expect(account).toMatchObject({ role: 'admin', planId: 'unlimited' })
    expect((await enter(input.email)).user).toEqual(account)
    expect(await refusal(createAdmin(system, input))).toMatchObject({ reason: 'email_taken' })
  })
})

describe('the first start', () => {
  test('makes an administrator who can log in, and a key with every scope that does not end', async () => {
    const first = await bootstrap(db)
    expect(first).toEqual({
      email: 'admin@loqui.local',
      password: expect.stringMatching(/^[\w-]{20}$/),
      apiKey: expect.stringMatching(/^loqui_live_/),
    })
    const { user } = await enter(first.email, first.password)
    expect(user).toMatchObject({ role: 'admin', planId: 'unlimited' })
    const actor = await verifyKey(services, first.apiKey)
    expect(actor).toMatchObject({ userId: rowId(user.id), role: 'admin', scopes: [...scopes] })
    const key = await db
      .selectFrom('api_key')
      .select('expires_at')
      .where('id', '=', actor.keyId)
      .executeTakeFirstOrThrow()
    expect(key.expires_at).toBeNull()
  })

  test('of further data directories on the same database makes further administrators, also at once', async () => {
    const other = createDb({ connectionString: core.connectionString })
    onTestFinished(() => other.destroy())
    const made = await Promise.all([bootstrap(db), bootstrap(other), bootstrap(db)])
    expect(new Set(made.map(({ email }) => email)).size).toBe(3)
    for (const { email, password: own } of made) expect((await enter(email, own)).user.role).toBe('admin')
  })

  test('finds an address that nobody has, whoever took some', async () => {
    const { count } = await db
      .selectFrom('account')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('email', 'like', 'admin%@loqui.local')
      .executeTakeFirstOrThrow()
    await join({ email: `admin-${count + 2}@loqui.local` })
    for (let start = 0; start < 3; start++) expect((await bootstrap(db)).email).toMatch(/^admin-\d+@loqui\.local$/)
  })
})

test('no table holds a password, a session or a key as it is', async () => {
  const { token, user } = await join({ password: 'a password never seen elsewhere' })
  const first = await bootstrap(db)
  await verifySession(services, token)
  await enter(user.email, 'a password never seen elsewhere')
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`.execute(db)
  const apiSecret = first.apiKey.slice(-49, -6)
  const secrets = [token, 'a password never seen elsewhere', first.password, first.apiKey, apiSecret]
  const forms = secrets.flatMap((secret) => [
    secret,
    Buffer.from(secret).toString('hex'),
    Buffer.from(secret).toString('base64'),
  ])
  for (const { name } of tables) {
    const { rows } = await sql`
      select from ${sql.raw(name)} t, unnest(${forms}::text[]) secret where strpos(to_jsonb(t)::text, secret) > 0`.execute(
      db,
    )
    expect(rows, name).toEqual([])
  }
})
