import type { Db } from '@loqui/db/client'
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { wireId } from '../ids.ts'
import { addDays, type DayRange } from './range.ts'

/** What usage is summed by. */
export type UsageDimension = 'user' | 'key' | 'voice' | 'engine' | 'day'

/** What was made in some days, and what it took. */
export interface UsageSums {
  /** Those that succeeded. */
  generations: number
  /** Of their texts. */
  characters: number
  /** Milliseconds of audio, less what was refunded on these days: that can be more than was charged on them. */
  chargedMs: number
  /** What engines' providers asked for, in millionths of a dollar, also for what failed. */
  costMicros: number
}

/** The sums of one user, key, voice, engine or day. */
export interface UsageRow extends UsageSums {
  /** `usr_…`, `key_…`, `voi_…`, an engine, or a day as `YYYY-MM-DD`; `null` for what was made without a key. */
  id: string | null
  /** As it is called now, a user by the e-mail address; `null` when it is gone, and for engines and days. */
  name: string | null
}

export interface UsageReport extends DayRange {
  by: UsageDimension
  /** Days in their order and without a gap; all else with the dearest first, and of those that cost the same the longest. */
  rows: UsageRow[]
  /** Of all rows, also of those beyond the limit. */
  total: UsageSums
}

export const limitSchema = z.number().int().min(1).max(1_000).default(100)

interface ReportRequest extends DayRange {
  readonly by: UsageDimension
  /** Whose; all users' when left out. */
  readonly userId?: string
  /** Most rows; days are never left out. */
  readonly limit: number
}

/** How each dimension is found in `usage_day`, and where the name of its ids is. */
const dimensions: Record<UsageDimension, { id: RawBuilder<string>; name: RawBuilder<string | null> }> = {
  user: { id: sql`user_id::text`, name: sql`(select email from account where account.id = s.id::uuid)` },
  key: { id: sql`key_id::text`, name: sql`(select name from api_key where api_key.id = s.id::uuid)` },
  voice: { id: sql`voice_id::text`, name: sql`(select name from voice where voice.id = s.id::uuid)` },
  engine: { id: sql`engine`, name: sql`null` },
  day: { id: sql`to_char(day, 'YYYY-MM-DD')`, name: sql`null` },
}

/** Sums usage by one dimension. */
export async function reportUsage(db: Db, { from, to, by, userId, limit }: ReportRequest): Promise<UsageReport> {
  const { id, name } = dimensions[by]
  const { rows } = await sql<ReportRow>`
    with summed as (
      select ${id} as id, sum(generations)::bigint as generations, sum(characters)::bigint as characters,
          sum(charged_ms)::bigint as charged_ms, sum(cost_micros)::bigint as cost_micros
        from usage_day
        where day between ${from}::date and ${to}::date and ${userId === undefined ? sql`true` : sql`user_id = ${userId}`}
        group by 1)
    select s.*, ${name} as name, sum(generations) over ()::bigint as all_generations,
        sum(characters) over ()::bigint as all_characters, sum(charged_ms) over ()::bigint as all_charged_ms,
        sum(cost_micros) over ()::bigint as all_cost_micros
      from summed s
      order by cost_micros desc, charged_ms desc, generations desc, id
      limit ${by === 'day' ? null : limit}
  `.execute(db)
  const found = rows.map((row) => ({ ...row, id: row.id === null ? null : toWire(by, row.id) }))
  const [first] = rows
  return {
    ...{ from, to, by },
    rows: by === 'day' ? everyDay({ from, to }, found) : found.map(toRow),
    total: {
      generations: first?.all_generations ?? 0,
      characters: first?.all_characters ?? 0,
      chargedMs: first?.all_charged_ms ?? 0,
      costMicros: first?.all_cost_micros ?? 0,
    },
  }
}

interface ReportRow {
  id: string | null
  name: string | null
  generations: number
  characters: number
  charged_ms: number
  cost_micros: number
  all_generations: number
  all_characters: number
  all_charged_ms: number
  all_cost_micros: number
}

type SummedRow = Pick<ReportRow, 'id' | 'name' | 'generations' | 'characters' | 'charged_ms' | 'cost_micros'>

const toRow = (row: SummedRow): UsageRow => ({
  id: row.id,
  name: row.name,
  generations: row.generations,
  characters: row.characters,
  chargedMs: row.charged_ms,
  costMicros: row.cost_micros,
})

const toWire = (by: UsageDimension, id: string) => (by === 'engine' || by === 'day' ? id : wireId(by, id))

function everyDay({ from, to }: DayRange, found: readonly SummedRow[]): UsageRow[] {
  const byDay = new Map(found.map((row) => [row.id, row]))
  const rows: UsageRow[] = []
  for (let day = from; day <= to; day = addDays(day, 1)) {
    const row = byDay.get(day)
    rows.push(row ? toRow(row) : { id: day, name: null, generations: 0, characters: 0, chargedMs: 0, costMicros: 0 })
  }
  return rows
}
