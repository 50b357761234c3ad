/** A pause that stands in a text as `[pause 1.5s]` or as SSML's `<break time="1.5s"/>`, which may be wrapped over lines. */
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

/**
 * “[pause for effect]” is somebody's words; what begins with a number or its sign is meant. No two of its repetitions can take the
 * same character, and none goes beyond where the next tag may begin: that keeps it linear.
 */
const tag =
  /\[pause\s+(?<said>(?:[-+±−–]\s*)?[.\p{N}][^[\]]*)\]|<break\b(?<attributes>[^<>]*)>(?:\s*<\/break\s*>)?|<\/break\s*>/giu
/** The value may stand without quotes: whoever leaves them out means no other one. */
const attribute = /\s+(?<name>[^\s=]+)\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[^\s"'=]+))/gy
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
    `${shown(text.slice(bad.start, bad.end))} at character ${bad.start + 1} is no pause: ` +
    'it takes 0 to 10 seconds, such as [pause 1.5s], [pause 500ms] or <break time="1.5s"/>.'
  )
}

/** A tag that never ends where it should may be as long as the text. */
const shown = (written: string) => written.replace(/^(.{60}).+$/su, '$1…')

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
  return Array.from(text.matchAll(tag), (match) => {
    const { said, attributes } = match.groups ?? {}
    const place = { start: match.index, end: match.index + match[0].length }
    if (said !== undefined) return { ...place, ms: timeMs(said.trim()) }
    // Alone, `</break>` is the end of nothing.
    return { ...place, ms: attributes === undefined ? Number.NaN : breakMs(attributes) }
  })
}

function breakMs(written: string): number {
  const attributes = attributesOf(written)
  const lasting = attributes?.get('time')
  if (lasting !== undefined) return timeMs(lasting)
  // One of which something else is said lasts as long as nobody knows.
  const strength = attributes?.size === 0 ? 'medium' : attributes?.get('strength')
  return strengths[strength?.toLowerCase() ?? ''] ?? Number.NaN
}

/** By name; `undefined` where there is something else among them. */
function attributesOf(written: string): ReadonlyMap<string, string> | undefined {
  const all = written.trimEnd().replace(/\/$/u, '').trimEnd()
  const found = new Map<string, string>()
  let end = 0
  for (const match of all.matchAll(attribute)) {
    const { name = '', double, single, bare } = match.groups ?? {}
    found.set(name.toLowerCase(), (double ?? single ?? bare ?? '').trim())
    end = match.index + match[0].length
  }
  return end === all.length ? found : undefined
}

function timeMs(said: string): number {
  const { number, unit } = time.exec(said)?.groups ?? {}
  return number === undefined ? Number.NaN : Number(number) * (unit?.toLowerCase() === 'ms' ? 1 : 1_000)
}
