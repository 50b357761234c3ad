/** What a file says of itself, where its format has a place for that. */
export interface Tags {
  /** What it is called. */
  readonly title?: string | null | undefined
  /** Who speaks. */
  readonly voice?: string | null | undefined
}

/** The tags as they are written: without line breaks and other control characters, well-formed, never empty. */
export interface TagTexts {
  readonly title: string | undefined
  readonly voice: string | undefined
  /** That nobody spoke this. */
  readonly comment: string
  readonly maker: string
}

/** Longer than any title Loqui takes, and short enough for every format. */
const mostCharacters = 300

export function tagTexts({ title, voice }: Tags): TagTexts {
  return { title: clean(title), voice: clean(voice), comment: 'AI-generated', maker: 'Loqui' }
}

function clean(text: string | null | undefined): string | undefined {
  const cleaned = text
    ?.slice(0, mostCharacters)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
  return cleaned === '' ? undefined : cleaned
}
