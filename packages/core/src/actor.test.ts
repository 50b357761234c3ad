import { describe, expect, test } from 'vitest'
import { type Actor, permit, permitAdmin, type Scope, scopes } from './actor.ts'
import { Refusal } from './errors.ts'

const user = (role: 'user' | 'admin'): Actor => ({ kind: 'user', userId: 'me', role, sessionId: 's' })
const key = (role: 'user' | 'admin', own: readonly Scope[]): Actor => ({
  kind: 'key',
  userId: 'me',
  role,
  keyId: 'k',
  scopes: own,
})

function outcome(check: () => unknown): unknown {
  try {
    return check()
  } catch (error) {
    if (error instanceof Refusal) return error.reason
    throw error
  }
}

describe.for(scopes)('what needs %s', (scope) => {
  test('a session may do', () => {
    expect(outcome(() => permit(user('user'), scope))).toBe('me')
    expect(outcome(() => permit(user('admin'), scope))).toBe('me')
  })

  test.for(scopes)('a key with %s alone may do only if that is it', (own) => {
    for (const role of ['user', 'admin'] as const) {
      expect(outcome(() => permit(key(role, [own]), scope))).toBe(own === scope ? 'me' : 'scope_missing')
    }
  })

  test('a key with every other scope may not do', () => {
    const others = scopes.filter((other) => other !== scope)
    expect(outcome(() => permit(key('admin', others), scope))).toBe('scope_missing')
  })

  test('a key without any scope may not do, and hears what it lacks', () => {
    expect(() => permit(key('user', []), scope)).toThrow(`This API key lacks the scope “${scope}”. It has: none.`)
  })

  test('Loqui itself may not do, since it is nobody', () => {
    expect(outcome(() => permit({ kind: 'system' }, scope))).toBe('forbidden')
  })
})

describe('administering', () => {
  test.for([
    ['Loqui itself', { kind: 'system' }, undefined],
    ['an administrator', user('admin'), undefined],
    ['an administrator’s key with the scope', key('admin', ['admin']), undefined],
    [
      'an administrator’s key without it',
      key(
        'admin',
        scopes.filter((scope) => scope !== 'admin'),
      ),
      'scope_missing',
    ],
    ['anybody', user('user'), 'forbidden'],
    ['anybody’s key, with the scope', key('user', scopes), 'forbidden'],
    ['anybody’s key', key('user', []), 'forbidden'],
  ] as const)('is for %s: %3$s', ([, actor, expected]) => {
    expect(outcome(() => permitAdmin(actor))).toBe(expected)
  })
})
