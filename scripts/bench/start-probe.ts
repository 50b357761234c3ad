import { now } from './now.ts'

/** In place of running a generation: says when that would have begun. */
export async function runGeneration(): Promise<void> {
  process.send?.({ startedAt: now() })
}
