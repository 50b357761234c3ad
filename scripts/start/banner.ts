import { join, relative } from 'node:path'
import type { KeptCredentials } from './credentials.ts'

export interface BannerFacts {
  readonly url: string
  readonly dataDirectory: string
  readonly credentials: KeptCredentials | undefined
}

/** What a person needs to know once everything is ready; the password and the key only when they are new. */
export function banner({ url, dataDirectory, credentials }: BannerFacts): string {
  const path = join(dataDirectory, 'credentials.json')
  const shorter = relative(process.cwd(), path)
  const file = shorter.startsWith('..') ? path : shorter
  const rows: [string, string][] = [
    ['Studio', url],
    ['Data', dataDirectory],
  ]
  if (credentials?.isNew) {
    const { email, password, apiKey } = credentials.credentials
    rows.push(['E-mail', email], ['Password', password], ['API key', apiKey], ['', `(kept in ${file})`])
  } else if (credentials) {
    rows.push(['Sign in', `with what is in ${file}`])
  }
  const lines = rows.map(([name, value]) => `  ${name.padEnd(10)}${value}\n`)
  return `\n  Loqui is ready.\n\n${lines.join('')}\n`
}
