import type { Role } from '@loqui/db/schema/accounts'
import { Refusal } from './errors.ts'

/** What a key may be allowed to do. A session may do all of it; `admin` only ever helps an administrator. */
export const scopes = [
  'generations:read',
  'generations:write',
  'voices:read',
  'voices:write',
  'samples:read',
  'samples:write',
  'consents:read',
  'consents:write',
  'usage:read',
  'keys:read',
  'keys:write',
  'admin',
] as const

export type Scope = (typeof scopes)[number]

/** Who acts in a call. */
export type Actor =
  | { readonly kind: 'user'; readonly userId: string; readonly role: Role; readonly sessionId: string }
  | {
      readonly kind: 'key'
      readonly userId: string
      readonly role: Role
      readonly keyId: string
      readonly scopes: readonly Scope[]
      /** True: by a token that the key made, and no longer than that lasts. */
      readonly byToken?: boolean
    }
  /** Whoever holds a signed link: may read, in the name of whom it belongs to, what it was made for. */
  | { readonly kind: 'link'; readonly userId: string; readonly scopes: readonly Scope[] }
  /** Loqui itself: its command line on the machine, its worker. Owns nothing. */
  | { readonly kind: 'system' }

/**
 * Says whether the actor may do what needs `scope`, as the first line of every verb.
 *
 * @returns the id of the user in whose name it happens.
 * @throws {Refusal} `scope_missing`, or `forbidden` when it can only happen in a user's name.
 */
export function permit(actor: Actor, scope: Scope): string {
  if (actor.kind === 'system') throw new Refusal('forbidden', 'This can only be done in the name of a user.')
  requireScope(actor, scope)
  return actor.userId
}

/**
 * Says whether the actor may administer Loqui.
 *
 * @throws {Refusal} `forbidden` for anyone who is not an administrator, `scope_missing` for a key without `admin`.
 */
export function permitAdmin(actor: Actor): void {
  if (actor.kind === 'system') return
  if (actor.kind === 'link' || actor.role !== 'admin')
    throw new Refusal('forbidden', 'Only an administrator may do this.')
  requireScope(actor, 'admin')
}

function requireScope(actor: Exclude<Actor, { kind: 'system' }>, scope: Scope): void {
  if (actor.kind === 'link' && !actor.scopes.includes(scope)) {
    throw new Refusal('forbidden', 'This link was made for something else.')
  }
  if (actor.kind === 'key' && !actor.scopes.includes(scope)) {
    throw new Refusal(
      'scope_missing',
      `This ${actor.byToken ? 'token' : 'API key'} lacks the scope “${scope}”. It has: ${actor.scopes.join(', ') || 'none'}.`,
    )
  }
}
