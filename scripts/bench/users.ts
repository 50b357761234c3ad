import { checksum, hashSecret } from '@loqui/core/keys/format'
import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'

/**
 * What belongs to user number `n`, from 1: the same in TypeScript and in SQL, where `:u` is the number. So a load
 * generator knows every key without being told, and pgbench, which has no strings, can be any user.
 */
export const belongings = {
  userId: {
    of: (n: number) => `00000000-0000-7000-8000-${digits(n, 12)}`,
    sql: `('00000000-0000-7000-8000-' || lpad(:u::text, 12, '0'))`,
  },
  keyId: {
    of: (n: number) => `00000000-0000-7000-9000-${digits(n, 12)}`,
    sql: `('00000000-0000-7000-9000-' || lpad(:u::text, 12, '0'))`,
  },
  /** The part of the API key that finds it. */
  publicId: {
    of: (n: number) => `bench${digits(n, 17)}`,
    sql: `('bench' || lpad(:u::text, 17, '0'))`,
  },
  /** As text: `\x` and hexadecimal digits. */
  secretHash: {
    of: (n: number) => `\\x${hashSecret(secret(n)).toString('hex')}`,
    sql: `sha256(('secret' || lpad(:u::text, 37, '0'))::bytea)::text`,
  },
} as const

/** What goes into `Authorization: Bearer`. */
export function apiKey(n: number): string {
  const body = `loqui_live_${belongings.publicId.of(n)}_${secret(n)}`
  return body + checksum(body)
}

const secret = (n: number) => `secret${digits(n, 37)}`
const digits = (n: number, count: number) => String(n).padStart(count, '0')

/**
 * Makes users 1 to `count`, on a plan whose limits are checked like any other's and never reached. Their keys count as
 * just used: the note of a use, written at most once a minute and not waited for, is no part of a call.
 */
export async function makeUsers(db: Db, count: number): Promise<void> {
  const column = (name: keyof typeof belongings) => sql.raw(belongings[name].sql.replaceAll(':u', 'u'))
  await sql`
    insert into plan (id, name, seconds_per_month, requests_per_minute, concurrency, storage_bytes, max_characters)
      values ('bench', 'Bench', 1000000000, 1000000, 10000, 1000000000000, 10000)
  `.execute(db)
  await sql`
    insert into account (id, email, password_hash, plan_id)
      select ${column('userId')}::uuid, 'bench-' || u || '@example.com', '', 'bench' from generate_series(1, ${count}::int) u
  `.execute(db)
  await sql`
    insert into api_key (id, user_id, public_id, secret_hash, name, scopes, last_used_at)
      select ${column('keyId')}::uuid, ${column('userId')}::uuid, ${column('publicId')}, ${column('secretHash')}::bytea, 'Bench',
        array['generations:read', 'generations:write', 'samples:read', 'samples:write', 'voices:read'], now() + interval '1 day'
      from generate_series(1, ${count}::int) u
  `.execute(db)
  await sql`analyze account, api_key, plan`.execute(db)
}
