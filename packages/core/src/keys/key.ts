import type { ApiKeyRow } from '@loqui/db/schema/accounts'
import { type Scope, scopes } from '../actor.ts'
import { wireId } from '../ids.ts'

/** An API key as it can be shown: never with its secret. */
export interface ApiKey {
  /** `key_…` */
  id: string
  name: string
  /** The beginning of the key, to recognise it by. */
  prefix: string
  scopes: Scope[]
  /** Its own limit beside its user's. `null`: it has none. */
  requestsPerMinute: number | null
  /** ISO 8601. `null`: it does not expire. */
  expiresAt: string | null
  revokedAt: string | null
  lastUsedAt: string | null
  createdAt: string
}

export function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: wireId('key', row.id),
    name: row.name,
    prefix: `loqui_live_${row.public_id.slice(0, 6)}`,
    scopes: keyScopes(row),
    requestsPerMinute: row.requests_per_minute,
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  }
}

/** The stored scopes that this version still knows. */
export function keyScopes(row: Pick<ApiKeyRow, 'scopes'>): Scope[] {
  return scopes.filter((scope) => row.scopes.includes(scope))
}
