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

  const ask = async (signal: AbortSignal) => {
    askedAt = performance.now()
    secret = await client.webhookSecret(signal)
    return secret
  }
  return {
    get: async (signal) => secret ?? ask(signal),
    refresh: async (signal) => (performance.now() - askedAt < askAgainMs ? null : ask(signal)),
  }
}
