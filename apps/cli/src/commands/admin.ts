import { createInterface } from 'node:readline'
import type { Account, Loqui, Plan, PlanWithAccounts, UpdateUserInput } from '@loqui/sdk'
import { createAdministrator } from '../database.ts'
import { Interruption, UsageError } from '../failure.ts'
import { type Column, note, printJson, printList, seconds } from '../print.ts'
import { findUser } from '../user.ts'

/** Makes an administrator on the database itself: in production there is no other way to the first one. */
export async function adminCreate(
  databaseUrl: string,
  options: { readonly email: string; readonly password?: string | undefined },
  json: boolean,
): Promise<void> {
  const password = options.password ?? (await readPassword())
  const account = await createAdministrator(databaseUrl, { email: options.email, password })
  if (json) printJson(account)
  else note(`${account.email} (${account.id}) is an administrator.`)
}

/** Makes a plan, or changes what is named of one that exists. */
export async function adminPlan(
  loqui: Loqui,
  id: string,
  changes: { readonly [Field in Exclude<keyof Plan, 'id'>]?: Plan[Field] | undefined },
  json: boolean,
): Promise<void> {
  const existing = (await loqui.plans.list()).find((plan) => plan.id === id)
  const { name, secondsPerMonth, requestsPerMinute, concurrency, storageBytes, maxCharacters } = {
    ...existing,
    ...changes,
  }
  if (
    name === undefined ||
    secondsPerMonth === undefined ||
    requestsPerMinute === undefined ||
    concurrency === undefined ||
    storageBytes === undefined ||
    maxCharacters === undefined
  ) {
    throw new UsageError(`There is no plan “${id}” yet: a new one needs all of its values, as --help lists them.`)
  }
  const plan = await loqui.admin.plans.upsert({
    id,
    name,
    secondsPerMonth,
    requestsPerMinute,
    concurrency,
    storageBytes,
    maxCharacters,
  })
  if (json) printJson(plan)
  else note(`Plan ${plan.id}: ${plan.secondsPerMonth} s a month.`)
}

const planColumns: readonly Column<PlanWithAccounts>[] = [
  ['ID', ({ id }) => id],
  ['NAME', ({ name }) => name],
  ['A MONTH', ({ secondsPerMonth }) => seconds(secondsPerMonth * 1000)],
  ['A MINUTE', ({ requestsPerMinute }) => String(requestsPerMinute)],
  ['AT ONCE', ({ concurrency }) => String(concurrency)],
  ['LONGEST TEXT', ({ maxCharacters }) => String(maxCharacters)],
  ['ACCOUNTS', ({ accounts }) => String(accounts)],
]

export async function adminPlans(loqui: Loqui, json: boolean): Promise<void> {
  printList(await loqui.admin.plans.list(), planColumns, json)
}

const userColumns: readonly Column<Account>[] = [
  ['ID', ({ id }) => id],
  ['E-MAIL', ({ email }) => email],
  ['NAME', ({ name }) => name ?? ''],
  ['ROLE', ({ role, disabled }) => (disabled ? `${role}, disabled` : role)],
  ['PLAN', ({ planId }) => planId],
  ['CREATED', ({ createdAt }) => createdAt],
]

/** The newest accounts, or those that a search finds. */
export async function adminUsers(
  loqui: Loqui,
  { search, limit }: { readonly search?: string | undefined; readonly limit: number },
  json: boolean,
): Promise<void> {
  const items: Account[] = []
  for await (const item of loqui.admin.users.list({ search, limit: Math.min(limit, 100) })) {
    items.push(item)
    if (items.length === limit) break
  }
  printList(items, userColumns, json)
}

/** @param user a `usr_…` or an e-mail address. */
export async function adminUser(
  loqui: Loqui,
  user: string,
  changes: Omit<UpdateUserInput, 'id'>,
  json: boolean,
): Promise<void> {
  const account = await loqui.admin.users.update({ id: await findUser(loqui, user), ...changes })
  if (json) printJson(account)
  else note(describe(account))
}

const describe = ({ email, role, planId, disabled }: Account) =>
  `${email}: ${role}, plan ${planId}${disabled ? ', disabled' : ''}.`

async function readPassword(): Promise<string> {
  if (process.stdin.isTTY) return askPassword()
  for await (const line of createInterface({ input: process.stdin })) return line
  throw new UsageError('Give a password: with --password, on standard input, or on a terminal.')
}

async function askPassword(): Promise<string> {
  const { default: ask } = await import('@inquirer/password')
  try {
    return await ask({ message: 'Password', mask: true }, { output: process.stderr })
  } catch (cause) {
    // What Ctrl-C makes of the question.
    throw cause instanceof Error && cause.name === 'ExitPromptError' ? new Interruption() : cause
  }
}
