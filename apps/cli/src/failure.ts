import { LoquiError } from '@loqui/sdk'
import { CommanderError } from 'commander'

/** What the process says about how it went. */
const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** It was called in a way that cannot work. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Somebody pressed Ctrl-C. */
export class Interruption extends Error {
  override readonly name = 'Interruption'
}

/** How a failure ends the process, and what it says on standard error, if anything. */
export interface Failure {
  readonly exitCode: number
  readonly message: string | null
}

/**
 * Judges what a command threw. Each failure is one sentence, with its reason where it has one.
 *
 * @param json says it as JSON instead, for programs.
 */
export function judge(error: unknown, json: boolean): Failure {
  if (error instanceof Interruption) return { exitCode: exitCodes.interrupted, message: null }
  // Commander has said it already: help, the version, or what is wrong.
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? exitCodes.done : exitCodes.usage, message: null }
  }
  // Whoever read the output had enough of it, as `head` does.
  if (codeOf(error) === 'EPIPE') return { exitCode: exitCodes.done, message: null }
  const exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failed
  return { exitCode, message: json ? JSON.stringify({ error: details(error) }) : `loqui: ${sentence(error)}` }
}

function details(error: unknown) {
  if (!(error instanceof LoquiError)) return { reason: null, message: sentence(error) }
  const { reason, message, status, requestId, issues } = error
  return { reason, message, status, requestId, issues }
}

function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (!isRefusal(error)) return error.message
  // An id helps only where somebody has to look into a log.
  const request = error instanceof LoquiError && error.reason === 'internal' ? `, request ${error.requestId}` : ''
  return `${error.message} (${error.reason}${request})`
}

/** Of the SDK, or of the core when a command works on the database itself. */
function isRefusal(error: Error): error is Error & { readonly reason: string } {
  return 'reason' in error && typeof error.reason === 'string'
}

export function codeOf(error: unknown): unknown {
  return Object(error).code
}
