import { expect, test } from 'vitest'
import { keyStatus } from './status.ts'

const now = new Date('2026-11-21T12:00:00Z')

test.each([
  [{ revokedAt: null, expiresAt: null }, 'active'],
  [{ revokedAt: null, expiresAt: '2026-11-21T12:00:01Z' }, 'active'],
  [{ revokedAt: null, expiresAt: '2026-11-21T12:00:00Z' }, 'expired'],
  [{ revokedAt: '2026-11-20T12:00:00Z', expiresAt: '2026-11-19T12:00:00Z' }, 'revoked'],
] as const)('a key with %j is %s', (key, status) => {
  expect(keyStatus(key, now)).toBe(status)
})
