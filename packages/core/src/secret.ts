import { hkdfSync } from 'node:crypto'

/** What is proven with a key of its own, so that nothing made for one can be taken for another. */
export type Purpose = 'links' | 'nonces' | 'tokens'

/** A key for one purpose, of 32 bytes. Who has it learns nothing of the secret or of other keys (HKDF, RFC 5869). */
export const deriveKey = (secret: Uint8Array, purpose: Purpose): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `loqui ${purpose}`, 32))
