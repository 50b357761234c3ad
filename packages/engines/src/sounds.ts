/** Milliseconds that a character takes: English has some 15 letters a second; a digit is a word, and so is half a sign of Chinese. */
const paces: readonly { readonly of: RegExp; readonly ms: number }[] = [
  { of: /\p{N}/gu, ms: 330 },
  { of: /\p{sc=Han}/gu, ms: 240 },
  { of: /[\p{sc=Hiragana}\p{sc=Katakana}]/gu, ms: 140 },
  { of: /\p{sc=Hangul}/gu, ms: 190 },
]
const usualMs = 67

/** How long a text takes at the usual pace, in milliseconds: what a guess knows that has to do for every language and voice. */
export function soundsMs(text: string): number {
  let rest = text.replace(/\s+/gu, ' ').length
  let ms = 0
  for (const pace of paces) {
    const count = text.match(pace.of)?.length ?? 0
    ms += count * pace.ms
    rest -= count
  }
  return ms + Math.max(0, rest) * usualMs
}
