const SEGMENT = /^[a-z0-9][a-z0-9.-]{0,199}$/
const MAX_LENGTH = 500

/**
 * Whether this is a key that every store can hold: segments of `[a-z0-9.-]` that begin with a letter or digit, joined by
 * `/`. So no key climbs out of a directory, hides in one, or differs from another by case alone.
 */
export function isKey(key: string): boolean {
  return key.length <= MAX_LENGTH && key.split('/').every((segment) => SEGMENT.test(segment))
}

/** @throws {RangeError} for what is no key, which is a bug of the caller: keys are generated. */
export function checkKey(key: string): void {
  if (!isKey(key)) {
    throw new RangeError(`${JSON.stringify(key)} is no storage key: segments of [a-z0-9.-], joined by "/"`)
  }
}

/** Checks a prefix: the beginning of a key, cut anywhere. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)
}
