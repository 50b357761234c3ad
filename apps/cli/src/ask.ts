import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { Interruption } from './failure.ts'

/** Where somebody is asked and answers. */
export interface Conversation {
  readonly input: Readable
  readonly output: Writable
}

/**
 * Asks somebody, who answers with a line.
 *
 * @throws {Interruption} instead of answering they press Ctrl-C or end the input.
 */
export async function ask(question: string, { input, output }: Conversation): Promise<string> {
  const terminal = createInterface({ input, output })
  const left = new AbortController()
  terminal.on('SIGINT', () => left.abort()).on('close', () => left.abort())
  try {
    return (await terminal.question(question, { signal: left.signal })).trim()
  } catch (cause) {
    throw left.signal.aborted ? new Interruption() : cause
  } finally {
    terminal.close()
  }
}
