import type { Loqui } from '@loqui/sdk'
import { print, printJson, seconds } from '../print.ts'

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
