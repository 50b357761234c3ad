import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'
import { z } from 'zod'
import { Refusal } from '../errors.ts'

/** Days in UTC, both included. */
export interface DayRange {
  /** `YYYY-MM-DD` */
  from: string
  /** `YYYY-MM-DD` */
  to: string
}

const mostDays = 366

const daySchema = z.iso
  .date({ error: 'must be a day, such as 2026-01-31', abort: true })
  .refine((day) => day >= '2000-01-01' && day <= '2999-12-31', 'must be a day of the years 2000 to 2999')

export const dayRangeInput = {
  /** `YYYY-MM-DD`, in UTC. */
  from: daySchema.optional(),
  /** `YYYY-MM-DD`, in UTC and included. Default: today. */
  to: daySchema.optional(),
}

const dayMs = 86_400_000

/** @returns the day that lies `days` after `day`, or before it. */
export const addDays = (day: string, days: number) =>
  new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10)

/**
 * Fills in what was left out of a range. Today is the database's: its clock also says which day something counts on.
 *
 * @param firstDay where a range begins that says only, or not even, where it ends.
 * @throws {Refusal} `invalid_input`.
 */
export async function readDayRange(
  db: Db,
  given: { readonly from?: string | undefined; readonly to?: string | undefined },
  firstDay: (to: string) => string,
): Promise<DayRange> {
  const to = given.to ?? (await today(db))
  const from = given.from ?? firstDay(to)
  if (from > to) throw refuse(`must not be after the last day, ${to}`)
  if (addDays(from, mostDays - 1) < to) throw refuse(`must be within ${mostDays} days of the last day, ${to}`)
  return { from, to }
}

async function today(db: Db): Promise<string> {
  const { rows } = await sql<{ day: string }>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD') as day
  `.execute(db)
  const [row] = rows
  if (!row) throw new Error('the database does not know what day it is')
  return row.day
}

const refuse = (message: string) =>
  new Refusal('invalid_input', `from: ${message}.`, { issues: [{ field: 'from', message }] })
