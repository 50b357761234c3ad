import type { FakeReplicate } from '@loqui/fake-replicate/server'
import { type Engine, EngineError, type SpeakRequest, type Speech } from '../engine.ts'
import type { TestJournal } from '../testing-journal.ts'
import { createReplicateEngines, type ReplicateOptions } from './engine.ts'
import type { Timing } from './timing.ts'

/** Nobody waits for a fake as long as for a machine far away. Budgets that run out are short where a test is about them. */
export const quick: Partial<Timing> = {
  polls: [2, 5, 10],
  pollsBesideWebhooks: [60_000],
  looks: [5, 10, 20],
  retries: [2, 5],
}

export function openEngines(fake: FakeReplicate, options: Partial<ReplicateOptions> = {}): Engine[] {
  return createReplicateEngines({
    token: fake.token,
    baseUrl: fake.baseUrl,
    limiter: { take: async () => undefined },
    ...options,
    timing: { ...quick, ...options.timing },
  })
}

export interface Outcome {
  readonly speech: Speech | null
  /** Of each attempt that failed: the code, or the name of what is no `EngineError`. */
  readonly errors: readonly string[]
}

/** Tries a segment as the core does: again where that may help, following what is open. */
export async function speakPersistently(
  engine: Engine,
  request: SpeakRequest,
  journal: TestJournal,
  { attempts = 3, signal = new AbortController().signal } = {},
): Promise<Outcome> {
  const errors: string[] = []
  while (errors.length < attempts) {
    try {
      return { speech: await engine.speak(request, { signal, calls: journal }), errors }
    } catch (error) {
      errors.push(error instanceof EngineError ? error.code : error instanceof Error ? error.name : String(error))
      if (!(error instanceof EngineError) || !error.retryable) break
    }
  }
  return { speech: null, errors }
}
