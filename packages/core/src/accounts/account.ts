import type { AccountRow, Role } from '@loqui/db/schema/accounts'
import { wireId } from '../ids.ts'

/** A person's account. */
export interface Account {
  /** `usr_…` */
  id: string
  email: string
  name: string | null
  role: Role
  planId: string
  disabled: boolean
  /** ISO 8601. */
  createdAt: string
}

export function toAccount(row: AccountRow): Account {
  return {
    id: wireId('user', row.id),
    email: row.email,
    name: row.name,
    role: row.role,
    planId: row.plan_id,
    disabled: row.disabled_at !== null,
    createdAt: row.created_at.toISOString(),
  }
}
