import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'

/** What calls write whether or not they are refused. */
const restless = ['rate', 'session', 'api_key']

/** A digest of every table, and of the jobs: equal before and after what must write nothing. */
export async function snapshot(db: Db): Promise<Record<string, string | null>> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname = 'public' and tablename <> all (${restless})
    union all select 'pgboss.job'
  `.execute(db)
  const digests: Record<string, string | null> = {}
  for (const { name } of tables) {
    const { rows } = await sql<{ digest: string | null }>`
      select md5(string_agg(t::text, chr(10) order by t::text)) as digest from ${sql.raw(name)} t
    `.execute(db)
    digests[name] = rows[0]?.digest ?? null
  }
  return digests
}
