import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'

/** A webhook as it was sent, or would have been. */
export interface Delivery {
  readonly id: string
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** What was answered, or null when nothing was. */
  status: number | null
}

export interface Webhooks {
  /** `whsec_…` */
  readonly secret: string
  readonly deliveries: readonly Delivery[]
  /**
   * Where what is sent to an https address goes instead: a server on loopback, as `http://127.0.0.1:4000`. Without it
   * nothing is sent, but noted all the same.
   */
  sendTo: string | null
  send(url: string, body: string, text: string): void
  /** Resolves when everything that was sent has been answered or given up. */
  idle(): Promise<void>
}

/** What Replicate calls "a few times". */
const tries = 3
const retryMs = 50

export function createWebhooks(clock: Clock, faults: Faults): Webhooks {
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const deliveries: Delivery[] = []
  const pending = new Set<Promise<void>>()

  const webhooks: Webhooks = {
    secret,
    deliveries,
    sendTo: null,
    send(url, body, text) {
      const fault = faults.webhook(text)
      if (fault?.kind === 'drop') return
      const agoMs = fault?.kind === 'replay' ? fault.secondsAgo * 1000 : 0
      const key = fault?.kind === 'forge' ? `whsec_${randomBytes(24).toString('base64')}` : secret
      const id = `msg_${randomBytes(12).toString('hex')}`
      const headers = signWebhook(id, clock.now() - agoMs, body, key)
      for (let copy = 0; copy < (fault?.kind === 'duplicate' ? fault.copies : 1); copy++) {
        const delivery: Delivery = { id, url, body, headers, status: null }
        deliveries.push(delivery)
        const done = deliver(delivery, fault?.kind === 'late' ? fault.ms : 0).finally(() => pending.delete(done))
        pending.add(done)
      }
    },
    async idle() {
      while (pending.size > 0) await Promise.all(pending)
    },
  }

  async function deliver(delivery: Delivery, waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => clock.after(waitMs, resolve))
    for (let attempt = 1; attempt <= tries && webhooks.sendTo !== null; attempt++) {
      const { pathname, search } = new URL(delivery.url)
      const answer = await fetch(new URL(pathname + search, webhooks.sendTo), {
        method: 'POST',
        headers: delivery.headers,
        body: delivery.body,
        redirect: 'manual',
      }).catch(() => null)
      await answer?.body?.cancel()
      delivery.status = answer?.status ?? null
      if (answer && answer.status < 500) return
      await new Promise<void>((resolve) => clock.after(retryMs, resolve))
    }
  }

  return webhooks
}

/** The headers of a webhook. @param at in milliseconds since 1970. */
export function signWebhook(id: string, at: number, body: string, secret: string): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000))
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
}
