import type { Engine, Reference } from '@loqui/engines/engine'
import type { Caller } from '../context.ts'
import type { Cover } from './cover.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Transitions } from './transitions.ts'

/** What speaks a generation: its engine, and what pays. */
export interface Speaker {
  readonly engine: Engine
  /** Recording of the person whose voice it is, where the engine listens to one. */
  readonly reference?: Reference | undefined
  readonly cover: Cover
  /** To be called each time before the engine is asked. @throws why nothing more is to be asked for. */
  ensureWanted(): void
}

/** What is at hand where segments are spoken. */
export type SpeakContext = Caller<'db' | 'hints' | 'listener' | 'storage' | 'log'> & {
  readonly transitions: Transitions
  readonly retries: RetryBudget
}
