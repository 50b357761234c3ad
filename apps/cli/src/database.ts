import type { Db } from '@loqui/db/client'
import type { Account } from '@loqui/sdk'
import { codeOf, UsageError } from './failure.ts'

// The core and the database are loaded here and when asked for only: most commands need nothing but the SDK.

/**
 * Makes an administrator, in the name of Loqui itself.
 *
 * @throws {Refusal} `email_taken`.
 * @throws {UsageError} for an e-mail address or a password that cannot be one.
 */
export async function createAdministrator(
  databaseUrl: string,
  input: { readonly email: string; readonly password: string },
): Promise<Account> {
  const { createAdmin, createAdminInput } = await import('@loqui/core/accounts/create-admin')
  const parsed = createAdminInput.safeParse(input)
  if (!parsed.success) {
    throw new UsageError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  }
  return withDatabase(databaseUrl, (db) => createAdmin({ db, actor: { kind: 'system' } }, parsed.data))
}

async function withDatabase<T>(connectionString: string, run: (db: Db) => Promise<T>): Promise<T> {
  const { createDb } = await import('@loqui/db/client')
  const db = createDb({ connectionString, max: 1 })
  try {
    return await run(db)
  } catch (cause) {
    if (codeOf(cause) !== undefinedTable) throw cause
    throw new Error('The database has no tables yet: run `npm run migrate` first.', { cause })
  } finally {
    await db.destroy()
  }
}

/** PostgreSQL's code for a table that is not there. */
const undefinedTable = '42P01'
