import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { alphabet, generateRandomString } from 'oslo/crypto'

/**
 * `loqui_live_<22 public>_<43 secret><6 checksum>`, all base62. The public part finds the key, the secret (256 bits)
 * proves it, and the checksum lets anyone, a secret scanner included, tell a key from a lookalike without asking us.
 */
export const keyPattern = /^loqui_live_([0-9A-Za-z]{22})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/

const base62 = alphabet('0-9', 'A-Z', 'a-z')

export function checksum(body: string): string {
  let rest = crc32(body)
  let digits = ''
  for (let i = 0; i < 6; i++) {
    digits = base62.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

export function generateKey(): { key: string; publicId: string; secret: string } {
  const publicId = generateRandomString(22, base62)
  const secret = generateRandomString(43, base62)
  const body = `loqui_live_${publicId}_${secret}`
  return { key: body + checksum(body), publicId, secret }
}

/** Takes a key apart, or answers `null` when it was never one of ours. */
export function parseKey(key: string): { publicId: string; secret: string } | null {
  const [, publicId, secret, sum] = keyPattern.exec(key) ?? []
  if (publicId === undefined || secret === undefined || sum === undefined) return null
  return checksum(key.slice(0, -6)) === sum ? { publicId, secret } : null
}

/** A fast hash is right here: 256 random bits cannot be guessed. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
