import { isPlain } from './plain.ts'

/** What items are as JSON that are sent to many. */
const texts = new WeakMap<object, string>()

/** Says that an item may be sent to many as it is now: it is written as JSON once for all of them. */
export function share(item: object): void {
  if (!texts.has(item) && isPlain(item)) texts.set(item, JSON.stringify(item))
}

/** An item that is shared, as JSON. */
export const sharedText = (item: unknown): string | undefined =>
  typeof item === 'object' && item !== null ? texts.get(item) : undefined

/** What a client calls a subscription of its own. */
export type SubscriptionId = string | number

/** Who wants to know under which id an item goes out. */
const curious = new WeakMap<object, (id: SubscriptionId) => void>()

/**
 * A shared item for one subscription alone, sent as the item itself is.
 *
 * @param onSent is told what the client calls the subscription, which tRPC says to nobody but who writes its messages.
 */
export function singleOut<Item extends object>(item: Item, onSent: (id: SubscriptionId) => void): Item {
  const text = texts.get(item)
  if (text === undefined) return item
  const own = { ...item }
  texts.set(own, text)
  curious.set(own, onSent)
  return own
}

/** Says that an item goes out to a subscription. */
export const sentTo = (id: SubscriptionId, item: object): void => curious.get(item)?.(id)
