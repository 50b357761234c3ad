import { verifyWebhook, WebhookError } from '@loqui/sdk/webhooks'

/** What the worker is bound to. */
interface Env {
  /** `whsec_…`, as it was shown when the webhook was made. */
  readonly LOQUI_WEBHOOK_SECRET: string
  /** Where ids of deliveries are kept that were seen: a delivery may come again. */
  readonly SEEN: { get(id: string): Promise<string | null>; put(id: string, value: string): Promise<void> }
  /** What is to happen with a generation that can be heard. */
  readonly publish: (generationId: string) => Promise<void>
}

interface GenerationSucceeded {
  readonly type: 'generation.succeeded'
  readonly data: { readonly id: string }
}

/** For Cloudflare Workers, Deno and Bun alike: it needs `fetch` and Web Crypto and nothing else. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (request.method !== 'POST') return new Response(null, { status: 405 })
    try {
      const { id, event } = await verifyWebhook<GenerationSucceeded | { readonly type: 'other' }>(
        request,
        env.LOQUI_WEBHOOK_SECRET,
      )
      if ((await env.SEEN.get(id)) !== null) return new Response(null, { status: 204 })
      if (event.type === 'generation.succeeded') await env.publish(event.data.id)
      await env.SEEN.put(id, event.type)
      return new Response(null, { status: 204 })
    } catch (error) {
      // What is answered with any other error is sent again.
      if (error instanceof WebhookError) return new Response(error.reason, { status: 400 })
      throw error
    }
  },
}
