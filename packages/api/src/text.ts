/**
 * The path of the first text in `value` that PostgreSQL cannot keep, because it holds a NUL or half a surrogate pair, or of
 * what has such a name in it; `undefined` when there is none. Looked for in every input at once, so that no schema can forget it.
 */
export function findBrokenText(value: unknown, path: readonly string[] = []): string | undefined {
  const here = path.join('.') || 'input'
  if (typeof value === 'string') return isBroken(value) ? here : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    // Names are kept as well where people choose them: labels.
    if (isBroken(key)) return here
    const found = findBrokenText(inner, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}

const isBroken = (text: string): boolean => !text.isWellFormed() || text.includes('\0')

/** What a caller sent, as far as an answer repeats it: names of fields that are not ours have any length. */
export function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300).toWellFormed()}…` : text
}
