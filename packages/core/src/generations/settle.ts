import type { Caller } from '../context.ts'
import type { JoinedAudio } from './join.ts'
import { LeaseLost } from './lease.ts'
import type { Claimed, Transitions } from './transitions.ts'

/**
 * Makes a generation succeed: charges the length of its audio, releases the rest of what was held, keeps the object and
 * announces it, all in one transaction and only for the attempt that holds it.
 *
 * @throws {LeaseLost} when the attempt lost it; its object is removed.
 */
export async function settle(
  { transitions, hints, storage }: Caller<'hints' | 'storage'> & { readonly transitions: Transitions },
  { id, attempt, user_id, cost_held_micros, actual_cost_micros }: Claimed,
  audio: JoinedAudio,
): Promise<void> {
  // What was held may have been used up, and then taken anew.
  const costly = cost_held_micros > 0 || actual_cost_micros > 0
  if (!(await transitions.succeed({ id, attempt, costly, durationMs: audio.durationMs, audio }))) {
    await storage.remove([audio.key])
    throw new LeaseLost()
  }
  hints.hint('events', user_id)
}
