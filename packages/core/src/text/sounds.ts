/**
 * Sounds whose names stand in brackets for models that make them: of Chatterbox Turbo, whose schema has `[sush]` and whose makers
 * write `[shush]`.
 */
const sounds = ['clear throat', 'sigh', 'sush', 'shush', 'cough', 'groan', 'sniff', 'gasp', 'chuckle', 'laugh']

const soundTag = new RegExp(String.raw`\[(${sounds.join('|')})\]`, 'giu')

/**
 * A text for an engine that makes only some of these sounds, or none: nobody wants to hear “laugh” read out. All other brackets
 * are text.
 *
 * @param made by the engine, in lower case.
 */
export function withoutSounds(text: string, made: readonly string[]): string {
  return text.replace(soundTag, (tag, name: string) => (made.includes(name.toLowerCase()) ? tag : ' '))
}

/** Applies `change` to all of a text but its sounds. */
export function outsideSounds(text: string, change: (text: string) => string): string {
  let changed = ''
  let position = 0
  for (const match of text.matchAll(soundTag)) {
    changed += change(text.slice(position, match.index)) + match[0]
    position = match.index + match[0].length
  }
  return changed + change(text.slice(position))
}
