import type { Budget, ListCostsInput, Loqui } from '@loqui/sdk'
import { UsageError } from '../failure.ts'
import { type Column, dollars, note, printJson, printList, seconds } from '../print.ts'
import { findUser } from '../user.ts'
import { usageColumns } from './usage.ts'

export interface AdjustOptions {
  /** In seconds; one of the two is given. */
  readonly add?: number | undefined
  readonly take?: number | undefined
  readonly note: string
}

/** Adds to what an account has left in its running period, or takes from it. */
export async function adminAdjust(
  loqui: Loqui,
  user: string,
  { add, take, note: why }: AdjustOptions,
  json: boolean,
): Promise<void> {
  if ((add === undefined) === (take === undefined)) throw new UsageError('Say either --add or --take, in seconds.')
  const ms = Math.round(((add ?? 0) - (take ?? 0)) * 1000)
  const adjusted = await loqui.admin.quota.adjust({ userId: await findUser(loqui, user), ms, note: why })
  if (json) printJson(adjusted)
  else note(`${seconds(adjusted.account.remainingMs)} left of ${seconds(adjusted.account.grantedMs)}.`)
}

/** Gives back what a generation was charged. */
export async function adminRefund(
  loqui: Loqui,
  generationId: string,
  { note: why }: { readonly note: string },
  json: boolean,
): Promise<void> {
  const entry = await loqui.admin.quota.refund({ generationId, note: why })
  if (json) printJson(entry)
  else note(`${seconds(entry.ms)} given back.`)
}

const budgetColumns: readonly Column<Budget>[] = [
  ['WHOSE', ({ email }) => email ?? installation],
  ['SPENT', ({ spentMicros }) => dollars(spentMicros)],
  ['HELD', ({ heldMicros }) => dollars(heldMicros)],
  ['ALERT', ({ alertMicros }) => (alertMicros === null ? 'none' : dollars(alertMicros))],
  ['LIMIT', ({ limitMicros }) => (limitMicros === null ? 'none' : dollars(limitMicros))],
  ['WARNED', ({ alertedMonth }) => alertedMonth ?? 'never'],
]

const installation = 'installation'

export interface BudgetOptions {
  /** In dollars; what is not given stays. */
  readonly alert?: number | 'none' | undefined
  readonly limit?: number | 'none' | undefined
}

/**
 * Lists budgets, or sets one.
 *
 * @param whose a `usr_…`, an e-mail address, or `installation`.
 */
export async function adminBudget(
  loqui: Loqui,
  whose: string | undefined,
  { alert, limit }: BudgetOptions,
  json: boolean,
): Promise<void> {
  const isChange = alert !== undefined || limit !== undefined
  if (whose === undefined) {
    if (isChange) throw new UsageError(`Say whose: ${installation}, usr_… or an e-mail address.`)
    return printList(await Array.fromAsync(loqui.admin.budgets.list({ limit: 100 })), budgetColumns, json)
  }
  const userId = whose === installation ? null : await findUser(loqui, whose)
  const before = await findBudget(loqui, userId)
  const budget = isChange
    ? await loqui.admin.budgets.set({
        userId,
        alertMicros: micros(alert, before?.alertMicros),
        limitMicros: micros(limit, before?.limitMicros),
      })
    : before
  if (json) printJson(budget)
  else if (budget) printList([budget], budgetColumns, json)
  else note('No budget.')
}

function micros(given: number | 'none' | undefined, before: number | null = null): number | null {
  if (given === undefined) return before
  return given === 'none' ? null : Math.round(given * 1_000_000)
}

async function findBudget(loqui: Loqui, userId: string | null): Promise<Budget | null> {
  if (userId !== null) return (await loqui.admin.users.get(userId)).budget
  // The first of them, where it is there at all.
  const { items } = await loqui.admin.budgets.list({ limit: 1 })
  return items[0]?.userId === null ? items[0] : null
}

/** What everybody's generations cost. */
export async function adminCosts(loqui: Loqui, input: ListCostsInput, json: boolean): Promise<void> {
  const report = await loqui.admin.costs(input)
  if (json) return printJson(report)
  printList(report.rows, usageColumns(report.by), json)
  const { generations, costMicros } = report.total
  note(`${dollars(costMicros)} for ${generations} generations from ${report.from} to ${report.to}.`)
}
