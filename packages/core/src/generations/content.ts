import { createHash } from 'node:crypto'
import type { AskedFor } from './calls.ts'
import type { Claimed } from './transitions.ts'

/** Raise it when what was asked for before would be spoken in another way now. */
const making = 1

/**
 * What a segment's audio is known by: all that decides how it sounds, and whose it is. The voice's own id is part of it, so
 * that nothing made by a voice that was deleted, or by a consent that was revoked, answers for another one.
 *
 * @param referenceSha256 of the recording that a cloned voice is spoken with.
 */
export function contentHash(
  { user_id, voice_id, engine }: Claimed,
  { text, voice, settings, seed }: AskedFor,
  referenceSha256: string | undefined,
): string {
  // Settings come from a jsonb, which has its keys in one order.
  const content = [making, user_id, voice_id, engine, voice, referenceSha256 ?? null, settings, text, seed ?? null]
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url')
}
