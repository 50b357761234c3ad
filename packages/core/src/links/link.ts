import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'
import { z } from 'zod'
import type { Caller } from '../context.ts'
import { signPath } from './sign.ts'

/** An address that whoever has it may open without credentials, until it expires or what it opens is deleted. */
export interface Link {
  url: string
  /** ISO 8601. */
  expiresAt: string
}

const week = 7 * 24 * 60 * 60

export const linkInput = {
  /** True: browsers save it as a file. */
  download: z.boolean().default(false),
  /** A minute to a week. */
  expiresInSeconds: z.number().int().min(60).max(week).default(3_600),
}

/** Where links of a call lead. */
export interface LinkBase {
  readonly publicUrl: URL
}

/** @param parameters those that are not given are no part of it. */
export async function makeLink(
  caller: Caller<'db' | 'secret'>,
  { publicUrl }: LinkBase,
  path: string,
  { download, expiresInSeconds, ...parameters }: Readonly<Record<string, string | number | boolean | undefined>>,
): Promise<Link> {
  const expiresAt = new Date((await databaseSeconds(caller.db)) * 1_000 + Number(expiresInSeconds) * 1_000)
  const given = Object.entries({ ...parameters, download: download ? '1' : undefined }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  )
  const signed = signPath(caller, path, Object.fromEntries(given), expiresAt)
  return { url: new URL(signed, publicUrl).href, expiresAt: expiresAt.toISOString() }
}

/** The one clock of all processes. */
async function databaseSeconds(db: Db): Promise<number> {
  const { rows } = await sql<{ now: number }>`
    select floor(extract(epoch from clock_timestamp()))::float8 as now
  `.execute(db)
  const [row] = rows
  if (!row) throw new Error('the database did not tell the time')
  return row.now
}
