import { describe, expect, test } from 'vitest'
import { scopes } from '../actor.ts'
import { newId, wireId } from '../ids.ts'
import { listPlans } from '../plans/list.ts'
import { listPlansWithAccounts } from '../plans/list-with-accounts.ts'
import { refusal, testCore } from '../testing/core.ts'
import { currentUsage } from '../usage/current.ts'
import { createAccount } from './create.ts'
import { getAccount } from './get.ts'
import { listAccounts, listAccountsInput } from './list.ts'

const core = await testCore([])
const { db } = core.services
const admin = await core.user({ role: 'admin' })
const list = (input: object = {}) => listAccounts(admin.as, listAccountsInput.parse(input))
const emails = async (search: string) => (await list({ search })).items.map(({ email }) => email)

const join = (email: string, name: string | null) =>
  createAccount(db, { email, name, password: 'correct horse', role: 'user', planId: 'free' })

describe('accounts', () => {
  test('are listed newest first, page by page, also while others sign up', async () => {
    const made: string[] = []
    for (let index = 0; index < 5; index++) made.unshift(wireId('user', (await core.user()).id))
    const first = await list({ limit: 3 })
    await core.user()
    const second = await list({ limit: 3, cursor: first.nextCursor })
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual([...made, wireId('user', admin.id)])
    expect(second.nextCursor).toBeNull()
  })

  test('are found by part of an address or a name, in any case, and by nothing that a pattern would mean', async () => {
    await join('ada@example.org', 'Augusta Ada King')
    await join('charles_b@example.org', null)
    expect(await emails('ADA@')).toEqual(['ada@example.org'])
    expect(await emails('  king ')).toEqual(['ada@example.org'])
    expect(await emails('@example.org')).toEqual(['charles_b@example.org', 'ada@example.org'])
    expect(await emails('s_b@')).toEqual(['charles_b@example.org'])
    for (const pattern of ['%', 'c%b', 'charle__b@', '\\', '.*', "' or true --"])
      expect(await emails(pattern)).toEqual([])
  })

  test('show their usage and budget one by one', async () => {
    const user = await core.user({ planId: 'pro' })
    const { items } = await list({ limit: 1 })
    expect(await getAccount(admin.as, { id: user.id })).toEqual({
      ...items[0],
      usage: await currentUsage(user.as),
      budget: null,
    })
    expect(await refusal(getAccount(admin.as, { id: newId() }))).toMatchObject({
      reason: 'user_not_found',
      message: 'id: there is no such user.',
    })
  })

  test('and the number of them on each plan are the administrator’s to see', async () => {
    const user = await core.user({ planId: 'starter' })
    for (const [caller, reason] of [
      [user.as, 'forbidden'],
      [await user.withKey(scopes), 'forbidden'],
      [await admin.withKey(scopes.filter((scope) => scope !== 'admin')), 'scope_missing'],
    ] as const) {
      expect(await refusal(listAccounts(caller, { limit: 1 }))).toMatchObject({ reason })
      expect(await refusal(getAccount(caller, { id: user.id }))).toMatchObject({ reason })
      expect(await refusal(listPlansWithAccounts(caller))).toMatchObject({ reason })
    }
    const plans = await listPlansWithAccounts(await admin.withKey(['admin']))
    expect(plans.map(({ accounts: _, ...plan }) => plan)).toEqual(await listPlans({ db }))
    expect(plans.find(({ id }) => id === 'starter')?.accounts).toBe(1)
    expect(plans.find(({ id }) => id === 'unlimited')?.accounts).toBe(0)
    const accounts = await db.selectFrom('account').select('id').execute()
    expect(plans.reduce((sum, plan) => sum + plan.accounts, 0)).toBe(accounts.length)
  })

  test.for([
    ['a search for nothing', { search: ' ' }, 'search'],
    ['a search of 255 characters', { search: 'a'.repeat(255) }, 'search'],
    ['no accounts', { limit: 0 }, 'limit'],
    ['a field there is not', { role: 'admin' }, ''],
  ] as const)('are not listed by %s', ([, input, field]) => {
    expect(listAccountsInput.safeParse(input).error?.issues.map(({ path }) => path.join('.'))).toEqual([field])
  })
})
