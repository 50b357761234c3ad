import type { Generated, Selectable } from 'kysely'

/** The roles an account can have. */
export type Role = 'user' | 'admin'

export interface PlanTable {
  id: string
  name: string
  seconds_per_month: number
  requests_per_minute: number
  concurrency: number
  storage_bytes: number
  max_characters: number
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export interface AccountTable {
  id: string
  /** Lower case. */
  email: string
  name: string | null
  password_hash: string
  role: Generated<Role>
  plan_id: Generated<string>
  disabled_at: Date | null
  created_at: Generated<Date>
}

export interface SessionTable {
  /** SHA-256 of the session id. */
  id_hash: Buffer
  user_id: string
  expires_at: Date
  created_at: Generated<Date>
}

export interface ApiKeyTable {
  id: string
  user_id: string
  /** The part of the key that finds it; no secret. */
  public_id: string
  /** SHA-256 of the part that proves it. */
  secret_hash: Buffer
  name: string
  scopes: string[]
  expires_at: Date | null
  revoked_at: Date | null
  last_used_at: Date | null
  /** Its own limit beside its user's; `null` for none. */
  requests_per_minute: number | null
  /** The key whose allowance it draws on; `null` for its own. */
  allowance_of: string | null
  created_at: Generated<Date>
}

export type PlanRow = Selectable<PlanTable>
export type AccountRow = Selectable<AccountTable>
export type ApiKeyRow = Selectable<ApiKeyTable>
