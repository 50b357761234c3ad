/**
 * The path of the first text in `value` that PostgreSQL cannot keep, because it holds a NUL or half a surrogate pair;
 * `undefined` when there is none. Looked for in every input at once, so that no schema can forget it.
 */
export function findBrokenText(value: unknown, path: readonly string[] = []): string | undefined {
  if (typeof value === 'string') {
    return value.isWellFormed() && !value.includes('\0') ? undefined : path.join('.') || 'input'
  }
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    const found = findBrokenText(inner, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}

/** What a caller sent, as far as an answer repeats it: names of fields that are not ours have any length. */
export function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300).toWellFormed()}…` : text
}
