import { ask, type Conversation } from './ask.ts'
import { UsageError } from './failure.ts'

/** What was said of consent when the command was called. */
export interface Saying {
  readonly iConsent?: boolean | undefined
  /** Whose voice it is. */
  readonly speakerName?: string | undefined
}

/**
 * Where consent is to be asked for; `null` where all of it was said.
 *
 * @param terminal where somebody sits, if anybody does.
 * @throws {UsageError} it was not said, and nobody can be asked.
 */
export function requireConversation(
  { iConsent, speakerName }: Saying,
  terminal: Conversation | null,
): Conversation | null {
  if (iConsent && speakerName !== undefined) return null
  if (iConsent) throw new UsageError('Say whose voice it is: with --speaker-name.')
  if (terminal) return terminal
  throw new UsageError('Nobody is here to agree: say --i-consent and --speaker-name, when who speaks has agreed.')
}

/**
 * Asks for the name and the agreement of who speaks, as far as they were not said.
 *
 * @returns the name.
 * @throws {Error} nobody agreed.
 * @throws {Interruption} they left.
 */
export async function obtainConsent({ speakerName }: Saying, conversation: Conversation | null): Promise<string> {
  const name = speakerName ?? (conversation ? await ask('Whose voice is it? Name: ', conversation) : '')
  if (name === '') throw new UsageError('Without the name of who speaks there is no consent.')
  if (!conversation) return name
  const answer = await ask(`Does ${name} agree to this? Type yes: `, conversation)
  if (answer.toLowerCase() === 'yes') return name
  throw new Error('Without a yes nothing was sent, and no voice was made.')
}
