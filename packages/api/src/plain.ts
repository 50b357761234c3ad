/** Names that superjson refuses to send. */
const refused = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Whether JSON keeps all of it: no value that it has no word for, and no object in two places, which superjson notes.
 *
 * @param seen objects so far.
 */
export function isPlain(value: unknown, seen: Set<object> = new Set()): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== 'object' || seen.has(value)) return false
  seen.add(value)
  if (Array.isArray(value)) {
    // Unlike every(), this sees holes too.
    for (const item of value) if (!isPlain(item, seen)) return false
    return true
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  for (const name of Object.keys(value)) {
    if (refused.has(name) || !isPlain(value[name as keyof typeof value], seen)) return false
  }
  return true
}
