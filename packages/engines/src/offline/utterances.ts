/** Of one utterance, as Flite makes it: its memory grows by 0.9 MB with each second. In milliseconds. */
const longest = 60_000

/**
 * Breaks a text into utterances with blank lines, at spaces where there are some, when it is so slow or dense that
 * Flite would need hundreds of megabytes for it in one.
 *
 * @param ms how long Flite may speak at most.
 */
export function breakIntoUtterances(text: string, ms: number): string {
  if (ms <= longest) return text
  const size = Math.max(1, Math.floor((text.length * longest) / ms))
  return text.replace(new RegExp(`(.{1,${size}})(?:\\s|$)|(.{${size}})`, 'gu'), '$1$2\n\n')
}
