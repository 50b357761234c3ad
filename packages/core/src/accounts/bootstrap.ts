import { randomBytes } from 'node:crypto'
import type { Db } from '@loqui/db/client'
import { lock } from '@loqui/db/lock'
import { transaction } from '@loqui/db/transaction'
import { scopes } from '../actor.ts'
import { mintKey } from '../keys/mint.ts'
import { createAccount } from './create.ts'

/** What the first start of a development installation writes to `credentials.json`. */
export interface FirstAdmin {
  email: string
  password: string
  /** Every scope, no expiry. */
  apiKey: string
}

/**
 * Makes an administrator with a random password and a key with every scope. A database that another data directory
 * started already has `admin@loqui.local`, whose password nobody here knows: then this one gets a number.
 */
export async function bootstrap(db: Db): Promise<FirstAdmin> {
  const password = randomBytes(15).toString('base64url')
  return transaction(db, async (trx) => {
    await lock(trx, 'bootstrap', 'first')
    const taken = await trx.selectFrom('account').select('email').where('email', 'like', 'admin%@loqui.local').execute()
    const email = freeAddress(new Set(taken.map((account) => account.email)))
    const account = await createAccount(trx, {
      email,
      password,
      name: 'Administrator',
      role: 'admin',
      planId: 'unlimited',
    })
    const { secret } = await mintKey(trx, {
      userId: account.id,
      name: 'First key',
      scopes: [...scopes],
      expiresAt: null,
    })
    return { email, password, apiKey: secret }
  })
}

function freeAddress(taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const email = number === 1 ? 'admin@loqui.local' : `admin-${number}@loqui.local`
    if (!taken.has(email)) return email
  }
}
