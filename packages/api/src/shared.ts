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
