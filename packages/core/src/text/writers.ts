/** One way of writing something out that begins where it is tried. */
export interface Writer {
  /** Sticky. */
  readonly pattern: RegExp
  /**
   * @param groups those of the pattern that matched.
   * @param context what stands around.
   * @returns undefined: it is something else.
   */
  write(groups: Readonly<Record<string, string | undefined>>, context: Surroundings): string | undefined
}

/** A text, and where in it something was found. */
export interface Surroundings {
  readonly text: string
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** What stands before a place, and no more than matters. */
export const before = ({ text, start }: Surroundings): string => text.slice(Math.max(0, start - 40), start)
/** What stands after a place, and no more than matters. */
export const after = ({ text, end }: Surroundings): string => text.slice(end, end + 40)

/** A letter or digit that what stands beside it belongs to: not of the scripts that put no spaces between words. */
export const letter = String.raw`(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}])[\p{L}\p{M}\p{N}_]`

/** Where a number ends, and is no part of a version, an address, a name or a longer number. */
export const afterNumber = String.raw`(?!${letter})(?![.,:\\'’–@+=&~#-]+\p{N})(?![.:\\@=&~]\p{L})(?!\/)`

/** Signs that make one name or number of what stands on both sides. */
export const joiners = String.raw`[.,:/\\'’–@+=&~#-]+`

/** What is between a number and what is counted. */
export const gap = String.raw`[ \u00A0\u202F]`
