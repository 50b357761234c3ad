import { type ErrorReason, toLoquiError } from '@loqui/sdk'

const sentences: Partial<Record<ErrorReason, string>> = {
  connection_failed: 'Loqui cannot be reached. Check your connection and try again; nothing you wrote is lost.',
  timed_out: 'Loqui took too long to answer. Try again; nothing you wrote is lost.',
  unauthenticated: 'You are logged out. Log in again to go on.',
  session_expired: 'Your session has ended. Log in again to go on.',
}

/** What went wrong, as a sentence for the person in front of the screen. */
export function sentenceOf(error: unknown): string {
  const { reason, message, issues } = toLoquiError(error)
  const own = sentences[reason]
  if (own !== undefined) return own
  const [issue, ...others] = issues
  if (issue && others.length === 0 && message === `${issue.field}: ${issue.message}`) return toSentence(issue.message)
  return toSentence(message)
}

/** What each field of a form was refused for, by the field's name. */
export function fieldErrorsOf(error: unknown): Record<string, string> {
  const { reason, message, issues } = toLoquiError(error)
  if (reason === 'email_taken') return { email: toSentence(message) }
  const fields: Record<string, string> = {}
  for (const issue of issues) fields[issue.field] ??= toSentence(issue.message)
  return fields
}

export function isLoggedOut(error: unknown): boolean {
  const { reason } = toLoquiError(error)
  return reason === 'unauthenticated' || reason === 'session_expired'
}

/** Nothing goes by this id, or it is not even one. */
export function isNotFound(error: unknown): boolean {
  const { status } = toLoquiError(error)
  return status === 404 || status === 400
}

function toSentence(message: string): string {
  const text = message.trim()
  const sentence = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}
