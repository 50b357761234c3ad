import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { type Allowance, judge, type TakenRow, toTaken } from './allowance.ts'
import type { Limit } from './limit.ts'

const perMinuteOfEmail = 30
const perMinuteOfAddress = 120

/**
 * Counts one try to log in or to register. An e-mail address counts together with where it is tried from, so that nobody
 * shuts out its owner, who is elsewhere. Where tries cannot be counted nobody may try: a password can be guessed, a key cannot.
 *
 * @param email in lower case.
 * @returns what is left.
 * @throws {Refusal} `rate_limited`, `service_unavailable`.
 */
export async function countEntry(
  { db, limits }: Caller<'db' | 'limits'>,
  { email, address }: { readonly email: string; readonly address: string },
): Promise<Limit[]> {
  // The table is for counting, and not to tell who logs in from where.
  const digest = createHash('sha256')
    .update(JSON.stringify([email, address]))
    .digest('base64url')
  const ofEmail: Allowance = { policy: 'logins', key: `logins:${digest}`, perMinute: perMinuteOfEmail }
  const ofAddress: Allowance = { policy: 'address-logins', key: `logins:${address}`, perMinute: perMinuteOfAddress }
  const answer = await limits.store.ask(() =>
    sql<TakenRow>`
      select * from rate_take_both(${ofEmail.key}, ${ofEmail.perMinute}, ${ofAddress.key}, ${ofAddress.perMinute})
    `.execute(db),
  )
  const row = answer?.rows[0]
  if (!row) {
    throw new Refusal('service_unavailable', 'Nobody can log in or register right now. Try again in a moment.', {
      retryAfterSeconds: 1,
    })
  }
  return judge([ofEmail, ofAddress], toTaken(row, true), tooMany)
}

const tooMany = ({ policy, perMinute }: Allowance) =>
  policy === 'logins'
    ? `${perMinute} tries a minute to log in or to register are enough for one e-mail address.`
    : `${perMinute} tries a minute to log in or to register may come from one address.`
