import { orAborted } from '../or-aborted.ts'
import type { ReplicateClient } from './client.ts'

/** A forged message must not make us ask more often than this. */
const askAgainMs = 60_000

/** The secret that webhooks are signed with: asked for once, and again when it seems to have changed. */
export interface WebhookSecret {
  /** @throws {ReplicateFailure}, the signal's reason. */
  get(signal: AbortSignal): Promise<string>
  /** Asks anew, if the last time is long enough ago. @returns null when it is not. */
  refresh(signal: AbortSignal): Promise<string | null>
}

export function createWebhookSecret(client: ReplicateClient): WebhookSecret {
  let secret: string | undefined
  let askedAt = -Infinity
  let asking: Promise<string> | undefined

  const ask = async () => {
    askedAt = performance.now()
    // Whoever has asked first may give up: others wait for the same answer, and those that come later need it.
    secret = await client.webhookSecret()
    return secret
  }
  // Many messages come at once, the first ones among them: they ask one question.
  const askOnce = (signal: AbortSignal) => {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return orAborted(asking, signal)
  }
  return {
    get: async (signal) => secret ?? askOnce(signal),
    // What comes while it is asked for waits for the same answer: it may be signed with what that says.
    refresh: async (signal) =>
      asking === undefined && performance.now() - askedAt < askAgainMs ? null : askOnce(signal),
  }
}
