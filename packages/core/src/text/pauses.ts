/** A pause that stands in a text as `[pause 1.5s]` or as SSML's `<break time="1.5s"/>`. */
export interface PauseTag {
  /** Where it begins in the text, in UTF-16 code units. */
  readonly start: number
  /** Where it ends, exclusive. */
  readonly end: number
  /** In milliseconds. */
  readonly ms: number
}

/** What one tag may say, in milliseconds. */
const mostMs = 10_000

/**
 * What SSML's strengths are here, in milliseconds: about those between clauses, sentences and paragraphs, which are left to
 * whoever reads the standard.
 */
const strengths: Readonly<Record<string, number>> = {
  none: 0,
  'x-weak': 75,
  weak: 150,
  medium: 250,
  strong: 350,
  'x-strong': 700,
}

const tag = /\[pause\s+(?<said>[^\]\n]{1,20})\]|<break\b(?<attributes>[^<>\n]{0,100})>/giu
const time = /^(?<number>\d+(?:\.\d+)?|\.\d+)\s*(?<unit>ms|s)$/iu

/** The pauses in a text, in order. What only looks like one is text, see {@link findBadPause}. */
export function findPauses(text: string): PauseTag[] {
  return tagsOf(text).flatMap(({ start, end, ms }) => (isPause(ms) ? [{ start, end, ms: Math.round(ms) }] : []))
}

/** Why a text cannot be spoken as it is: a pause in it that is too long, or not said as it has to be. `null`: it can. */
export function findBadPause(text: string): string | null {
  const bad = tagsOf(text).find(({ ms }) => !isPause(ms))
  if (!bad) return null
  return (
    `${text.slice(bad.start, bad.end)} at character ${bad.start + 1} is no pause: ` +
    'it takes 0 to 10 seconds, such as [pause 1.5s], [pause 500ms] or <break time="1.5s"/>.'
  )
}

const isPause = (ms: number) => ms >= 0 && ms <= mostMs

/** A text as it is heard: without its pauses. */
export function withoutPauses(text: string): string {
  let heard = ''
  let position = 0
  for (const { start, end } of findPauses(text)) {
    heard += `${text.slice(position, start)} `
    position = end
  }
  return position === 0 ? text : heard + text.slice(position)
}

/** All that is meant to be a pause; `NaN` for what is not said as it has to be. */
function tagsOf(text: string): PauseTag[] {
  return Array.from(text.matchAll(tag)).flatMap((match) => {
    const { said, attributes } = match.groups ?? {}
    const place = { start: match.index, end: match.index + match[0].length }
    if (said === undefined) return { ...place, ms: breakMs(attributes ?? '') }
    // “[pause for effect]” is somebody's words.
    return /^[\d.]/u.test(said.trim()) ? { ...place, ms: timeMs(said.trim()) } : []
  })
}

function breakMs(attributes: string): number {
  const attribute = (name: string) =>
    new RegExp(String.raw`(?:^|\s)${name}\s*=\s*(?:"([^"]*)"|'([^']*)')`, 'iu')
      .exec(attributes)
      ?.slice(1)
      .join('')
      .trim()
  const lasting = attribute('time')
  if (lasting !== undefined) return timeMs(lasting)
  return strengths[(attribute('strength') ?? 'medium').toLowerCase()] ?? Number.NaN
}

function timeMs(said: string): number {
  const { number, unit } = time.exec(said)?.groups ?? {}
  return number === undefined ? Number.NaN : Number(number) * (unit?.toLowerCase() === 'ms' ? 1 : 1_000)
}
