import { Loqui } from '@loqui/sdk'
import type { Env } from './env.ts'
import { UsageError } from './failure.ts'

/** Flags that every command takes. */
export interface GlobalOptions {
  readonly url?: string | undefined
  readonly apiKey?: string | undefined
  readonly json?: boolean | undefined
}

/**
 * A client of the Loqui that flags, environment and `credentials.json` name, in this order. The key in
 * `credentials.json` goes to no other server than the one it is of.
 *
 * @throws {UsageError} when they name none, or no key for it.
 */
export function connect(options: GlobalOptions, { url, apiKey, credentials }: Env): Loqui {
  const baseUrl = options.url ?? url ?? credentials?.url
  if (baseUrl === undefined) {
    throw new UsageError(
      'Say which Loqui: with --url or LOQUI_URL, or by running this where `npm start` has written .loqui/credentials.json.',
    )
  }
  const ownKey = credentials && isSame(baseUrl, credentials.url) ? credentials.apiKey : undefined
  const key = options.apiKey ?? apiKey ?? ownKey
  if (key === undefined) throw new UsageError(`Give an API key for ${baseUrl}: with LOQUI_API_KEY or --api-key.`)
  try {
    return new Loqui({ baseUrl, apiKey: key })
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error })
    throw error
  }
}

function isSame(url: string, other: string): boolean {
  return URL.canParse(url) && new URL(url).origin === new URL(other).origin
}
