import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { type Scope, scopes } from '../actor.ts'
import type { Refusal } from '../errors.ts'
import { newId } from '../ids.ts'
import { createKey, createKeyInput } from '../keys/create.ts'
import { revokeKey } from '../keys/revoke.ts'
import { admitKey, verifyKey } from '../keys/verify.ts'
import { refusal, rowId, type TestUser, testCore } from '../testing/core.ts'
import { createToken, createTokenInput } from './create.ts'
import { isToken, readToken, signToken, tokenScopes } from './token.ts'
import { admitToken, verifyToken } from './verify.ts'

const core = await testCore([])
const { services } = core
const { db, secret } = services

const makeKey = (user: TestUser, input: object = {}) =>
  createKey(user.as, createKeyInput.parse({ name: 'Test', ...input }))

/** A token of a key. */
async function make(key: string, input: object = {}) {
  const caller = { ...services, actor: await verifyKey(services, key) }
  return createToken(caller, createTokenInput.parse({ scopes: ['voices:read'], ...input }))
}

describe('a token', () => {
  test('acts as its key does, within its own scopes and those that the key still has', async () => {
    const user = await core.user()
    const { key, secret: held } = await makeKey(user, { scopes: ['voices:read', 'usage:read', 'samples:read'] })
    const { token, scopes } = await make(held, { scopes: ['voices:read', 'usage:read'] })
    expect(scopes).toEqual(['voices:read', 'usage:read'])
    const acts = { kind: 'key', userId: user.id, role: 'user', keyId: rowId(key.id), byToken: true }
    expect(await verifyToken(services, token)).toEqual({ ...acts, scopes })
    await db
      .updateTable('api_key')
      .set({ scopes: ['usage:read'] })
      .where('id', '=', rowId(key.id))
      .execute()
    expect(await verifyToken(services, token)).toEqual({ ...acts, scopes: ['usage:read'] })
  })

  test('lasts as long as was asked for, an hour at most, and not beyond its key', async () => {
    const user = await core.user()
    const { key, secret: held } = await makeKey(user)
    const lasts = async (input: object) => Date.parse((await make(held, input)).expiresAt) - Date.now()
    expect((await lasts({})) / 1_000).toBeCloseTo(600, -1)
    expect((await lasts({ expiresInSeconds: 3_600 })) / 1_000).toBeCloseTo(3_600, -1)
    const end = new Date(Date.now() + 60_000)
    await db.updateTable('api_key').set({ expires_at: end }).where('id', '=', rowId(key.id)).execute()
    expect((await make(held)).expiresAt).toBe(new Date(Math.floor(end.getTime() / 1_000) * 1_000).toISOString())
  })

  test('is over when its time is, by the clock of the database', async () => {
    const { key } = await makeKey(await core.user())
    const { rows } = await sql<{ now: number }>`select extract(epoch from clock_timestamp())::float8 as now`.execute(db)
    const ending = (seconds: number) =>
      signToken(
        { secret },
        { keyId: rowId(key.id), scopes: ['voices:read'], expires: Math.floor(rows[0]!.now) + seconds },
      )
    await verifyToken(services, ending(60))
    for (const look of [verifyToken, admitToken]) {
      expect(await refusal(look(services, ending(0)))).toMatchObject({ reason: 'token_expired' })
    }
  })

  test.for([
    ['api_key_revoked', (user: TestUser, id: string) => revokeKey(user.as, { id })],
    ['api_key_expired', (_: TestUser, id: string) => setKey(id, { expires_at: new Date(Date.now() - 1_000) })],
    ['account_disabled', (user: TestUser) => disable(user.id)],
    ['token_invalid', (_: TestUser, id: string) => db.deleteFrom('api_key').where('id', '=', id).execute()],
  ] as const)('ends with its key: %s', async ([reason, end]) => {
    const user = await core.user()
    const { key, secret: held } = await makeKey(user)
    const { token } = await make(held)
    await verifyToken(services, token)
    await end(user, rowId(key.id))
    for (const look of [verifyToken, admitToken]) {
      expect(await refusal(look(services, token))).toMatchObject({ reason })
    }
  })

  test('draws on the allowance of its key, and takes nothing once it is over', async () => {
    const user = await core.user({ planId: 'unlimited' })
    const { key, secret: held } = await makeKey(user, { requestsPerMinute: 3 })
    const { token } = await make(held)
    const over = signToken({ secret }, { keyId: rowId(key.id), scopes: ['voices:read'], expires: 1 })
    const left = async (look: Promise<{ left: { remaining: number }[] }>) => (await look).left[0]?.remaining
    expect(await left(admitKey(services, held))).toBe(2)
    expect(await refusal(admitToken(services, over))).toMatchObject({ reason: 'token_expired' })
    expect(await left(admitToken(services, token))).toBe(1)
    expect(await left(admitToken(services, (await make(held)).token))).toBe(0)
    expect(await refusal(admitToken(services, token))).toMatchObject({ reason: 'rate_limited' })
  })
})

describe('no token is made', () => {
  test.for(['keys:read', 'keys:write', 'admin'])('that may %s, whatever its key may', async (scope) => {
    const { error } = createTokenInput.safeParse({ scopes: [scope] })
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['scopes.0'])
  })

  test.for([
    ['for more than an hour', { scopes: ['voices:read'], expiresInSeconds: 3_601 }, 'expiresInSeconds'],
    ['for no time', { scopes: ['voices:read'], expiresInSeconds: 0 }, 'expiresInSeconds'],
    ['for nothing', { scopes: [] }, 'scopes'],
    ['without saying what for', {}, 'scopes'],
    ['for somebody else', { scopes: ['voices:read'], keyId: newId() }, ''],
  ] as const)('%s', ([, input, field]) => {
    const { error } = createTokenInput.safeParse(input)
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([field])
  })

  test('with scopes that its key has not', async () => {
    const { secret: held } = await makeKey(await core.user(), { scopes: ['voices:read', 'keys:write'] })
    const refused = (await refusal(make(held, { scopes: ['voices:read', 'voices:write', 'usage:read'] }))) as Refusal
    expect(refused).toMatchObject({
      reason: 'scope_missing',
      message: 'scopes: this API key cannot give what it does not have: voices:write, usage:read.',
    })
  })

  test('by a session, and not by another token', async () => {
    const user = await core.user()
    const input = createTokenInput.parse({ scopes: ['voices:read'] })
    expect(await refusal(createToken(user.as, input))).toMatchObject({ reason: 'forbidden' })
    const { token } = await make((await makeKey(user)).secret)
    const byToken = { ...services, actor: await verifyToken(services, token) }
    expect(await refusal(createToken(byToken, input))).toMatchObject({ reason: 'forbidden' })
  })
})

describe('what is signed', () => {
  const claims = fc.record({
    keyId: fc.uuid(),
    scopes: fc.subarray([...tokenScopes] as Scope[]),
    expires: fc.integer({ min: 0, max: 2 ** 32 }),
  })

  test('is read as it was', () => {
    fc.assert(
      fc.property(claims, (given) => {
        const token = signToken({ secret }, given)
        expect(isToken(token)).toBe(true)
        expect(readToken({ secret }, token)).toEqual(given)
      }),
    )
  })

  test('does not hold once anything in it is changed', () => {
    const change = fc.record({ at: fc.nat(), to: fc.constantFrom(...'abcXYZ019-_.=+/ ') })
    fc.assert(
      fc.property(claims, change, (given, { at, to }) => {
        const token = signToken({ secret }, given)
        const place = 'loqui_token_'.length + (at % (token.length - 'loqui_token_'.length))
        for (const changed of [
          token.slice(0, place) + to + token.slice(place + 1),
          token.slice(0, place) + to + token.slice(place),
          token.slice(0, place) + token.slice(place + 1),
          `${token}.`,
        ]) {
          if (changed !== token) expect(() => readToken({ secret }, changed)).toThrow('not one that Loqui made')
        }
      }),
      { numRuns: 500 },
    )
  })

  test('holds with no other secret, and nothing holds that was signed for something else', () => {
    const token = signToken({ secret }, { keyId: newId(), scopes: [...scopes], expires: 1 })
    expect(() => readToken({ secret: Buffer.from('another') }, token)).toThrow('not one that Loqui made')
    for (const other of ['', 'loqui_token_', 'loqui_token_.', `loqui_token_${'a'.repeat(1_000_000)}`]) {
      expect(() => readToken({ secret }, other)).toThrow('not one that Loqui made')
    }
  })
})

const setKey = (id: string, change: { expires_at: Date }) =>
  db.updateTable('api_key').set(change).where('id', '=', id).execute()

const disable = (id: string) =>
  db.updateTable('account').set({ disabled_at: new Date() }).where('id', '=', id).execute()
