import type { Provider, ProviderCall } from '../engine.ts'
import { priceOf } from '../price.ts'
import type { ReplicateContext } from './context.ts'
import { ReplicateFailure, toEngineError } from './failure.ts'
import { findPredictions } from './find.ts'
import { isAvailable, isCharged, isEnded, type Prediction } from './prediction.ts'
import type { WebhookSecret } from './secret.ts'
import { certainAfterMs, keepsForMs } from './timing.ts'
import { readWebhook } from './webhook.ts'

export function createProvider(context: ReplicateContext, secret: WebhookSecret): Provider {
  const { client, wakes } = context
  const show = (prediction: Prediction) => toProviderCall(context, prediction)
  return {
    keepsForMs,
    certainAfterMs,
    find: (call, { signal }) =>
      named(async () => (await findPredictions(client, context.model, call, signal)).map(show)),
    get: (id, { signal }) =>
      named(async () => {
        const prediction = await client.get(id, signal)
        return prediction && show(prediction)
      }),
    cancel: (id, { signal }) =>
      named(async () => {
        const prediction = await client.cancel(id, signal)
        return prediction && show(prediction)
      }),
    receive: (message, { signal }) =>
      named(async () => {
        let read = readWebhook(message, await secret.get(signal), Date.now())
        if (!read) {
          const changed = await secret.refresh(signal)
          if (changed !== null) read = readWebhook(message, changed, Date.now())
        }
        if (read) wakes.wake(read.callId)
        return read
      }),
    wake: wakes.wake,
  }
}

/** Above the engine, failures have the names of engines. */
async function named<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw error instanceof ReplicateFailure ? toEngineError(error) : error
  }
}

function toProviderCall({ model, microsPerCharacter }: ReplicateContext, prediction: Prediction): ProviderCall {
  const { id, status, created_at, input } = prediction
  const text = input?.[model.fields.text]
  const price = typeof text === 'string' ? priceOf(text, microsPerCharacter) : null
  return {
    id,
    state: status === 'starting' ? 'waiting' : status === 'processing' ? 'running' : status,
    createdAt: created_at,
    available: isAvailable(prediction),
    costMicros: !isEnded(prediction) ? null : isCharged(prediction) ? price : 0,
  }
}
