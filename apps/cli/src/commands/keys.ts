import type { ApiKey, CreateKeyInput, Loqui } from '@loqui/sdk'
import { type Column, note, print, printJson, printList } from '../print.ts'

const columns: readonly Column<ApiKey>[] = [
  ['ID', ({ id }) => id],
  ['NAME', ({ name }) => name],
  ['KEY', ({ prefix }) => `${prefix}…`],
  ['STATE', state],
  ['LAST USED', ({ lastUsedAt }) => lastUsedAt ?? 'never'],
  ['SCOPES', ({ scopes }) => scopes.join(' ')],
  ['PER MINUTE', ({ requestsPerMinute }) => String(requestsPerMinute ?? '-')],
]

/** Prints the key alone, so that it can be kept: `LOQUI_API_KEY=$(loqui keys create newsletter)`. */
export async function createKey(loqui: Loqui, input: CreateKeyInput, json: boolean): Promise<void> {
  const created = await loqui.keys.create(input)
  if (json) return printJson(created)
  print([created.secret])
  note('Keep it safe: it is shown this once.')
}

export async function listKeys(loqui: Loqui, json: boolean): Promise<void> {
  printList(await Array.fromAsync(loqui.keys.list({ limit: 100 })), columns, json)
}

export async function revokeKey(loqui: Loqui, id: string, json: boolean): Promise<void> {
  const key = await loqui.keys.revoke(id)
  if (json) printJson(key)
  else note(`${key.name} (${key.id}) is revoked.`)
}

function state({ revokedAt, expiresAt }: ApiKey): string {
  if (revokedAt !== null) return 'revoked'
  if (expiresAt === null) return 'valid'
  return Date.parse(expiresAt) < Date.now() ? 'expired' : `until ${expiresAt.slice(0, 10)}`
}
