import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test, vi } from 'vitest'
import { type Scope, scopes } from '../actor.ts'
import type { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createKey, createKeyInput } from './create.ts'
import { checksum, generateKey, keyPattern, parseKey } from './format.ts'
import { listKeys, listKeysInput } from './list.ts'
import { revokeKey } from './revoke.ts'
import { admitKey, verifyKey } from './verify.ts'

const core = await testCore([])
const { services } = core
const { db } = services

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const make = (user: TestUser, input: object = {}) =>
  createKey(user.as, createKeyInput.parse({ name: 'Test', ...input }))

/** A caller whose database cannot be asked. */
const noDatabase = {
  ...services,
  db: new Proxy(db, {
    get() {
      throw new Error('the database was asked')
    },
  }),
}

describe('the form of a key', () => {
  test('is published, and every key that is made has it', () => {
    const property = fc.property(fc.constant(null), () => {
      const { key, publicId, secret } = generateKey()
      expect(key).toMatch(/^loqui_live_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}$/)
      expect(keyPattern.test(key)).toBe(true)
      expect(parseKey(key)).toEqual({ publicId, secret })
    })
    fc.assert(property, { numRuns: 500 })
  })

  test('is never the same twice', () => {
    const keys = Array.from({ length: 1_000 }, () => generateKey())
    for (const part of ['key', 'publicId', 'secret'] as const) {
      expect(new Set(keys.map((key) => key[part])).size).toBe(1_000)
    }
  })

  test('gives every character its share, from the first to the last', () => {
    const counts = new Map([...base62].map((character) => [character, 0]))
    for (let made = 0; made < 500; made++) {
      const { publicId, secret } = generateKey()
      for (const character of publicId + secret) counts.set(character, (counts.get(character) ?? 0) + 1)
    }
    expect(counts.size).toBe(62)
    // 524 each expected; ten standard deviations to either side.
    for (const count of counts.values()) expect(Math.abs(count - 524)).toBeLessThan(230)
  })

  test('carries the CRC-32 of all before it in six base62 digits, of which each value has its own', () => {
    expect(checksum('')).toBe('000000')
    // CRC-32 of "123456789" is cbf43926, the check value of its definition.
    const value = [...checksum('123456789')].reduce((sum, digit) => sum * 62 + base62.indexOf(digit), 0)
    expect(value).toBe(0xcbf43926)
  })

  test('any one character changed, left out, doubled or swapped makes it no key, before the database is asked', async () => {
    const changes = fc.record({ at: fc.nat(83), to: fc.constantFrom(...base62, '_', '-', ' ', 'é', '\n', '\0') })
    const property = fc.asyncProperty(changes, async ({ at, to }) => {
      const { key } = generateKey()
      const swapped = key.slice(0, at) + (key[at + 1] ?? '') + key[at] + key.slice(at + 2)
      const mutations = [
        key.slice(0, at) + to + key.slice(at + 1),
        key.slice(0, at) + key.slice(at + 1),
        key.slice(0, at) + to + key.slice(at),
        swapped,
      ]
      for (const mutation of mutations) {
        if (mutation === key) continue
        expect(parseKey(mutation)).toBeNull()
        expect(await refusal(verifyKey(noDatabase, mutation))).toMatchObject({ reason: 'api_key_malformed' })
      }
    })
    await fc.assert(property, { numRuns: 300 })
  })

  test.for([
    '',
    'loqui_live_',
    `loqui_test_${generateKey().key.slice(11)}`,
    `${generateKey().key}\n`,
    ` ${generateKey().key}`,
    generateKey().key.toUpperCase(),
    'a'.repeat(1_000_000),
  ])('nothing else is a key', async (key) => {
    expect(await refusal(verifyKey(noDatabase, key))).toMatchObject({ reason: 'api_key_malformed' })
  })
})

describe('a key', () => {
  test('acts for who made it, within its scopes', async () => {
    const user = await core.user({ role: 'admin' })
    const { key, secret } = await make(user, { scopes: ['voices:read', 'voices:read', 'usage:read'] })
    expect(await verifyKey(services, secret)).toEqual({
      kind: 'key',
      userId: user.id,
      role: 'admin',
      keyId: rowId(key.id),
      scopes: ['voices:read', 'usage:read'],
    })
  })

  test('is shown once and kept nowhere', async () => {
    const user = await core.user()
    const { key, secret } = await make(user)
    const { publicId, secret: proof } = parseKey(secret)!
    expect(JSON.stringify(key)).not.toContain(proof)
    expect(secret.startsWith(key.prefix)).toBe(true)
    const { rows: tables } = await sql<{ name: string }>`
      select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')`.execute(db)
    const occurrences = async (text: string) => {
      let found = 0
      for (const { name } of tables) {
        const { rows } = await sql`select from ${sql.raw(name)} t where strpos(to_jsonb(t)::text, ${text}) > 0`.execute(
          db,
        )
        found += rows.length
      }
      return found
    }
    expect(await occurrences(publicId)).toBe(1)
    expect(await occurrences(proof)).toBe(0)
    expect(await occurrences(Buffer.from(proof).toString('hex'))).toBe(0)
    expect(await occurrences(secret)).toBe(0)
  })

  test('with the right name and another secret is refused as one that never was', async () => {
    const user = await core.user()
    const { secret } = await make(user)
    const [mine, other] = [parseKey(secret)!, generateKey()]
    const body = `loqui_live_${mine.publicId}_${other.secret}`
    const wrong = await refusal(verifyKey(services, body + checksum(body)))
    const unknown = await refusal(verifyKey(services, other.key))
    expect(wrong).toMatchObject({ reason: 'api_key_invalid', message: unknown.message })
    expect(unknown).toMatchObject({ reason: 'api_key_invalid' })
  })

  test('that was revoked says so to who holds it, and to nobody else', async () => {
    const user = await core.user()
    const { key, secret } = await make(user)
    await revokeKey(user.as, { id: rowId(key.id) })
    expect(await refusal(verifyKey(services, secret))).toMatchObject({ reason: 'api_key_revoked' })
    const body = `loqui_live_${parseKey(secret)!.publicId}_${generateKey().secret}`
    expect(await refusal(verifyKey(services, body + checksum(body)))).toMatchObject({ reason: 'api_key_invalid' })
  })

  test('ends with its time, by the clock of the database', async () => {
    const user = await core.user()
    const { key, secret } = await make(user, { expiresInDays: 1 })
    const inAnHour = sql<Date>`now() + interval '1 hour'`
    const set = (expires: typeof inAnHour) =>
      db.updateTable('api_key').set({ expires_at: expires }).where('id', '=', rowId(key.id)).execute()
    await set(inAnHour)
    expect(await verifyKey(services, secret)).toMatchObject({ userId: user.id })
    await set(sql<Date>`now() - interval '1 millisecond'`)
    expect(await refusal(verifyKey(services, secret))).toMatchObject({ reason: 'api_key_expired' })
  })

  test.for([
    [undefined, 90],
    [1, 1],
    [3650, 3650],
  ] as const)('made for %s days lasts %s', async ([expiresInDays, days]) => {
    const { key } = await make(await core.user(), { expiresInDays })
    const lasts = (Date.parse(key.expiresAt!) - Date.parse(key.createdAt)) / 86_400_000
    expect(lasts).toBeCloseTo(days, 2)
  })

  test('made for ever does not end', async () => {
    const { key, secret } = await make(await core.user(), { expiresInDays: null })
    expect(key.expiresAt).toBeNull()
    await verifyKey(services, secret)
  })

  test('of a disabled account is refused', async () => {
    const user = await core.user()
    const { secret } = await make(user)
    await db.updateTable('account').set({ disabled_at: new Date() }).where('id', '=', user.id).execute()
    expect(await refusal(verifyKey(services, secret))).toMatchObject({ reason: 'account_disabled' })
  })

  test('keeps the scopes that this version knows', async () => {
    const user = await core.user()
    const { key, secret } = await make(user, { scopes: ['voices:read'] })
    await db
      .updateTable('api_key')
      .set({ scopes: ['voices:read', 'moon:walk'] })
      .where('id', '=', rowId(key.id))
      .execute()
    expect(await verifyKey(services, secret)).toMatchObject({ scopes: ['voices:read'] })
  })

  test('notes its last use, once a minute, and never backwards', async () => {
    const user = await core.user()
    const { key, secret } = await make(user)
    const lastUse = async () =>
      (await db.selectFrom('api_key').select('last_used_at').where('id', '=', rowId(key.id)).executeTakeFirstOrThrow())
        .last_used_at
    expect(await lastUse()).toBeNull()
    await verifyKey(services, secret)
    await vi.waitFor(async () => expect(await lastUse()).not.toBeNull())
    const first = await lastUse()
    await verifyKey(services, secret)
    await sql`update api_key set last_used_at = last_used_at - interval '61 seconds' where id = ${rowId(key.id)}`.execute(
      db,
    )
    await verifyKey(services, secret)
    await vi.waitFor(async () => expect((await lastUse())!.getTime()).toBeGreaterThanOrEqual(first!.getTime()))
  })
})

describe('a key that makes keys', () => {
  const bearer = async (user: TestUser, own: Scope[]) => {
    const { secret } = await make(user, { scopes: own })
    return { ...services, actor: await verifyKey(services, secret) }
  }

  test('gives nothing that it does not have, whatever it has', async () => {
    const user = await core.user()
    const anyScopes = fc.uniqueArray(fc.constantFrom(...scopes), { minLength: 1 })
    const property = fc.asyncProperty(anyScopes, anyScopes, async (own, wanted) => {
      const caller = await bearer(user, own)
      const creating = createKey(caller, createKeyInput.parse({ name: 'Child', scopes: wanted }))
      if (own.includes('keys:write') && wanted.every((scope) => own.includes(scope))) {
        expect((await creating).key.scopes.toSorted()).toEqual(wanted.toSorted())
      } else {
        expect(await refusal(creating)).toMatchObject({ reason: 'scope_missing' })
      }
    })
    await fc.assert(property, { numRuns: 60 })
  })

  test('names what it cannot give', async () => {
    const caller = await bearer(await core.user(), ['keys:write', 'voices:read'])
    const creating = createKey(
      caller,
      createKeyInput.parse({ name: 'Child', scopes: ['voices:read', 'admin', 'usage:read'] }),
    )
    expect((await refusal(creating)).message).toBe(
      'scopes: this API key cannot give what it does not have: admin, usage:read.',
    )
  })

  test('cannot come by the default scopes either', async () => {
    const caller = await bearer(await core.user(), ['keys:write'])
    expect(await refusal(createKey(caller, createKeyInput.parse({ name: 'Child' })))).toMatchObject({
      reason: 'scope_missing',
    })
  })
})

describe('a limit of its own', () => {
  test('is kept, shown, and by default there is none', async () => {
    const user = await core.user()
    expect((await make(user, { requestsPerMinute: 7 })).key.requestsPerMinute).toBe(7)
    expect((await make(user)).key.requestsPerMinute).toBeNull()
    expect((await listKeys(user.as, { limit: 2 })).items.map((key) => key.requestsPerMinute)).toEqual([null, 7])
  })

  test.for([0, -1, 1.5, 1_000_001, Number.NaN, Number.POSITIVE_INFINITY, '60', null])(
    'is not %s',
    (requestsPerMinute) => {
      const { error } = createKeyInput.safeParse({ name: 'Test', requestsPerMinute })
      expect(error?.issues.map(({ path }) => path)).toEqual([['requestsPerMinute']])
    },
  )

  test.for([
    [60, 60, 60],
    [60, 1, 1],
    [60, undefined, 60],
    [60, 61, 'forbidden'],
    [undefined, 1_000_000, 1_000_000],
    [undefined, undefined, null],
  ] as const)('of %s lets a key make one of %s: %s', async ([own, wanted, expected]) => {
    const { secret } = await make(await core.user(), {
      scopes: ['keys:write'],
      ...(own !== undefined && { requestsPerMinute: own }),
    })
    const caller = { ...services, actor: await verifyKey(services, secret) }
    const input = { name: 'Child', scopes: ['keys:write'], ...(wanted !== undefined && { requestsPerMinute: wanted }) }
    const creating = createKey(caller, createKeyInput.parse(input))
    if (expected === 'forbidden') expect(await refusal(creating)).toMatchObject({ reason: expected })
    else expect((await creating).key.requestsPerMinute).toBe(expected)
  })
})

test('keys made by one with a limit, and keys made by those, share its allowance', async () => {
  const user = await core.user({ planId: 'unlimited' })
  const calls = async (secret: string) => admitKey(services, secret).then(({ left }) => left[0]?.remaining, refusedFor)
  const refusedFor = (error: unknown) => (error as Refusal).reason
  const child = async (secret: string, requestsPerMinute?: number) => {
    const input = { name: 'Child', scopes: ['keys:write'], requestsPerMinute }
    return (await createKey({ ...services, actor: await verifyKey(services, secret) }, createKeyInput.parse(input)))
      .secret
  }
  const { secret: maker } = await make(user, { scopes: ['keys:write'], requestsPerMinute: 10 })
  const [first, slow] = [await child(maker), await child(maker, 5)]
  const grandchild = await child(first)
  expect(await calls(maker)).toBe(9)
  expect(await calls(first)).toBe(8)
  expect(await calls(grandchild)).toBe(7)
  // Each of its five is two of the ten.
  expect(await calls(slow)).toBe(2)
  expect([await calls(slow), await calls(slow)]).toEqual([1, 0])
  expect([await calls(maker), await calls(first), await calls(grandchild)]).toEqual([0, 'rate_limited', 'rate_limited'])
  expect(await calls(slow)).toBe('rate_limited')
  // One that the person makes has nothing to do with it.
  expect(await calls((await make(user, { requestsPerMinute: 10 })).secret)).toBe(9)
})

describe('keys are listed and revoked', () => {
  test('newest first, page by page, revoked ones included, without anybody else’s', async () => {
    const [user, other] = [await core.user(), await core.user()]
    await make(other)
    const made: string[] = []
    for (let count = 0; count < 5; count++) made.unshift((await make(user)).key.id)
    await revokeKey(user.as, { id: rowId(made[1]!) })
    const found: string[] = []
    let cursor: string | null = null
    do {
      const page = await listKeys(user.as, listKeysInput.parse({ limit: 2, cursor }))
      found.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor)
    expect(found).toEqual(made)
  })

  test('for good: revoking again changes nothing', async () => {
    const user = await core.user()
    const { key } = await make(user)
    const revoked = await revokeKey(user.as, { id: rowId(key.id) })
    expect(revoked.revokedAt).not.toBeNull()
    expect(await revokeKey(user.as, { id: rowId(key.id) })).toEqual(revoked)
  })

  test('by nobody but their owner', async () => {
    const [user, other] = [await core.user(), await core.user()]
    const { key, secret } = await make(user)
    for (const id of [rowId(key.id), newId()]) {
      expect(await refusal(revokeKey(other.as, { id }))).toMatchObject({
        reason: 'key_not_found',
        message: 'id: there is no such key.',
      })
    }
    const reader = await user.withKey(['keys:read'])
    expect(await refusal(revokeKey(reader, { id: rowId(key.id) }))).toMatchObject({ reason: 'scope_missing' })
    expect(await refusal(listKeys(await user.withKey(['keys:write']), { limit: 1 }))).toMatchObject({
      reason: 'scope_missing',
    })
    await verifyKey(services, secret)
  })

  test.for([
    ['no name', { name: ' ' }, 'name'],
    ['a name of 101 characters', { name: 'a'.repeat(101) }, 'name'],
    ['no scopes', { scopes: [] }, 'scopes'],
    ['a scope there is not', { scopes: ['everything'] }, 'scopes.0'],
    ['an end today', { expiresInDays: 0 }, 'expiresInDays'],
    ['an end in eleven years', { expiresInDays: 4_000 }, 'expiresInDays'],
    ['a field there is not', { userId: newId() }, ''],
  ] as const)('but not made with %s', ([, change, field]) => {
    const { error } = createKeyInput.safeParse({ name: 'Test', ...change })
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([field])
  })
})
