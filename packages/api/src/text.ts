/**
 * The path of the first text in `value` that PostgreSQL cannot keep, because it holds a NUL or half a surrogate pair, or of
 * what has such a name in it; `undefined` when there is none. Looked for in every input at once, so that no schema can forget it.
 */
export function findBrokenText(value: unknown): string | undefined {
  const names = namesOfBroken(value)
  return names && (names.toReversed().join('.') || 'input')
}

/** From the inside out, and only where there is one: a path for every value takes the longer the deeper they are. */
function namesOfBroken(value: unknown): string[] | undefined {
  if (typeof value === 'string') return isBroken(value) ? [] : undefined
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    for (let index = 0; index < items.length; index++) {
      const names = namesOfBroken(items[index])
      if (names) return added(names, String(index))
    }
    return undefined
  }
  for (const [name, inner] of Object.entries(value)) {
    // Names are kept as well where people choose them: labels.
    if (isBroken(name)) return []
    const names = namesOfBroken(inner)
    if (names) return added(names, name)
  }
  return undefined
}

/** To the same list: a new one at each depth would again take the longer the deeper it is. */
function added(names: string[], name: string): string[] {
  names.push(name)
  return names
}

const isBroken = (text: string): boolean => !text.isWellFormed() || text.includes('\0')

/** What a caller sent, as far as an answer repeats it: names of fields that are not ours have any length. */
export function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300).toWellFormed()}…` : text
}
