import type { ReplicateClient } from './client.ts'
import type { FollowContext } from './follow.ts'
import type { Gate } from './gate.ts'
import type { ReplicateModel } from './models.ts'
import type { Outputs } from './outputs.ts'
import type { Reach } from './reach.ts'
import type { References } from './references.ts'

/** The installation's bucket of creations: many processes create with one token. */
export interface CreateLimiter {
  /** Resolves when one more may be created. @throws the signal's reason. */
  take(signal: AbortSignal): Promise<void>
}

/** What one model is asked with. All but the model is shared by the three. */
export interface ReplicateContext extends FollowContext {
  readonly client: ReplicateClient
  readonly model: ReplicateModel
  readonly limiter: CreateLimiter
  readonly gate: Gate
  readonly reach: Reach
  readonly references: References
  readonly outputs: Outputs
  /** Where webhooks are sent to; null where nobody would come through. */
  readonly webhook: string | null
  readonly microsPerCharacter: number
}
