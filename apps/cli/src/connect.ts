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
 * A client of the Loqui that flags, environment, `credentials.json` and configuration name, in this order. A key that is
 * kept in a file goes to no other server than the one it is of.
 *
 * @throws {UsageError} when they name none, or no key for it.
 */
export function connect(options: GlobalOptions, { url, apiKey, credentials, config }: Env): Loqui {
  const baseUrl = options.url ?? url ?? credentials?.url ?? config.url
  if (baseUrl === undefined) {
    throw new UsageError(
      'Say which Loqui: with --url or LOQUI_URL, by `loqui config set url`, or by running this where `npm start` has written .loqui/credentials.json.',
    )
  }
  const ownKey = [credentials, config].find((kept) => kept?.url !== undefined && isSame(baseUrl, kept.url))?.apiKey
  const key = options.apiKey ?? apiKey ?? ownKey
  if (key === undefined) {
    throw new UsageError(
      `Give an API key for ${baseUrl}: with LOQUI_API_KEY or --api-key, or by \`loqui config set apiKey\`.`,
    )
  }
  try {
    return new Loqui({ baseUrl, apiKey: key })
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error })
    throw error
  }
}

function isSame(url: string, other: string): boolean {
  return URL.canParse(url) && URL.canParse(other) && new URL(url).origin === new URL(other).origin
}
