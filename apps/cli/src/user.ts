import { type Loqui, NotFoundError } from '@loqui/sdk'

/**
 * The `usr_…` that is meant: by itself, or by an e-mail address in any case.
 *
 * @throws {NotFoundError} `user_not_found`.
 */
export async function findUser(loqui: Loqui, wanted: string): Promise<string> {
  if (!wanted.includes('@')) return wanted
  const email = wanted.trim().toLowerCase()
  for await (const user of loqui.admin.users.list({ search: email, limit: 100 }))
    if (user.email === email) return user.id
  throw new NotFoundError(`There is no account with the e-mail address ${email}.`, { reason: 'user_not_found' })
}
