import type { Loqui, UsageDimension, UsageHistoryInput, UsageRow } from '@loqui/sdk'
import { type Column, dollars, note, print, printJson, printList, seconds } from '../print.ts'

export async function usage(loqui: Loqui, json: boolean): Promise<void> {
  const current = await loqui.usage.current()
  if (json) return printJson(current)
  const { plan, period, grantedMs, usedMs, reservedMs, remainingMs } = current
  print([
    `Plan      ${plan.name}, ${seconds(grantedMs)} until ${period.end.slice(0, 10)}`,
    `Used      ${seconds(usedMs)}`,
    `Reserved  ${seconds(reservedMs)}`,
    `Left      ${seconds(remainingMs)}`,
  ])
}

/** What was used in some days. */
export async function usageHistory(loqui: Loqui, input: UsageHistoryInput, json: boolean): Promise<void> {
  const report = await loqui.usage.history(input)
  if (json) return printJson(report)
  printList(report.rows, usageColumns(report.by), json)
  const { generations, chargedMs } = report.total
  note(`${seconds(chargedMs)} by ${generations} generations from ${report.from} to ${report.to}.`)
}

/** The columns of a report by one dimension. */
export const usageColumns = (by: UsageDimension): readonly Column<UsageRow>[] => [
  [by.toUpperCase(), ({ id, name }) => name ?? id ?? 'without a key'],
  ['GENERATIONS', ({ generations }) => String(generations)],
  ['CHARACTERS', ({ characters }) => String(characters)],
  ['LENGTH', ({ chargedMs }) => seconds(chargedMs)],
  ['COST', ({ costMicros }) => dollars(costMicros)],
]
