import { sayAmounts, turnAmounts } from '../amounts.ts'

/** Pictures, which would be described, but for the signs that are read as words. */
const pictures = /(?:[\p{Extended_Pictographic}--[©®™]]|\p{RI})[\ufe0f\u200d\u{1f3fb}-\u{1f3ff}]*/gv

/**
 * A text as it is spoken best: composed, without pictures and what cannot be seen, sums of money in the order they are read
 * in. What joins letters is left, since there are scripts that need it.
 *
 * @param language BCP 47.
 */
export function speakable(text: string, language: string): string {
  const visible = text
    .normalize('NFC')
    .toWellFormed()
    .replace(pictures, ' ')
    .replace(/\ufffd|\p{Cc}|\p{Z}/gu, ' ')
    .replace(/[\p{Cf}--[\u200c\u200d]]/gv, '')
  const amounts = /^en\b/.test(language) ? sayAmounts(visible) : turnAmounts(visible)
  // Rules drawn with signs are read one by one.
  return amounts
    .replace(/([^\p{L}\p{N}\p{M}\s])\1{3,}/gu, '$1$1$1')
    .replace(/\s+/gu, ' ')
    .trim()
}
