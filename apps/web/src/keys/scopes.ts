import type { Scope } from '@loqui/sdk'

/** What a key may be allowed to do, in words. */
export const scopeLabels: Record<Scope, string> = {
  'generations:read': 'See generations and their audio',
  'generations:write': 'Make, cancel and delete generations',
  'voices:read': 'See voices',
  'voices:write': 'Clone, change and delete voices',
  'samples:read': 'See samples and their audio',
  'samples:write': 'Upload, rename and delete samples',
  'consents:read': 'See consents',
  'consents:write': 'Give and revoke consents',
  'usage:read': 'See usage',
  'keys:read': 'See API keys',
  'keys:write': 'Make and revoke API keys',
  admin: 'Administer Loqui',
}

export const scopes = Object.keys(scopeLabels) as Scope[]

/** What a program needs to speak. */
export const usualScopes: Scope[] = ['generations:read', 'generations:write', 'voices:read', 'usage:read']
