import type { ApiKey } from '@loqui/sdk'

export type KeyStatus = 'active' | 'expired' | 'revoked'

export function keyStatus(
  { revokedAt, expiresAt }: Pick<ApiKey, 'revokedAt' | 'expiresAt'>,
  now = new Date(),
): KeyStatus {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && new Date(expiresAt) <= now ? 'expired' : 'active'
}
