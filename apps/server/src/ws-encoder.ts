import { type SubscriptionId, sentTo, sharedText } from '@loqui/api/shared'
import { type Encoder, jsonEncoder } from '@trpc/server/adapters/ws'

/** JSON in text frames, of which the part that is the same for many is written once. */
export const encoder: Encoder = {
  encode: (message) => encodeShared(message as Message) ?? jsonEncoder.encode(message),
  decode: jsonEncoder.decode,
}

/** A message that tells of an item of a subscription, as far as it is looked at. */
interface Message {
  readonly id?: unknown
  readonly jsonrpc?: unknown
  readonly result?: {
    readonly id?: unknown
    readonly data?: { readonly json?: { readonly data?: unknown } }
  }
}

function encodeShared({ id, jsonrpc, result }: Message): string | undefined {
  const item = result?.data?.json?.data
  const text = sharedText(item)
  if (text === undefined || jsonrpc !== undefined || (typeof id !== 'number' && typeof id !== 'string'))
    return undefined
  sentTo(id, item as object)
  return write(id, String(result?.id), text)
}

function write(id: SubscriptionId, event: string, text: string): string {
  const eventId = JSON.stringify(event)
  return `{"id":${JSON.stringify(id)},"result":{"type":"data","data":{"json":{"id":${eventId},"data":${text}}},"id":${eventId}}}`
}

/** The last frame that was made of an item: clients mostly call their subscriptions the same. */
const frames = new WeakMap<object, { readonly id: SubscriptionId; readonly bytes: Buffer }>()

/**
 * The message, in UTF-8, that tells a subscription of a shared item.
 *
 * @throws {Error} when the item is not shared.
 */
export function encodeItem(id: SubscriptionId, item: { readonly id: string }): Buffer {
  const last = frames.get(item)
  if (last && last.id === id) return last.bytes
  const text = sharedText(item)
  if (text === undefined) throw new Error(`item ${item.id} is not shared`)
  const bytes = Buffer.from(write(id, item.id, text))
  frames.set(item, { id, bytes })
  return bytes
}
