import { styleText } from 'node:util'

/** Writes a line of progress, or one that a process of ours said. */
export type Log = (line: string, from?: string) => void

/** To standard output, with who said it in front. A terminal that is gone is no reason to stop what is being stopped. */
export function consoleLog(): Log {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const color = process.stdout.isTTY === true
  return (line, from = 'loqui') => {
    const name = from.padEnd(8)
    process.stdout.write(`${color ? styleText('dim', `${name} │`) : `${name} |`} ${line}\n`)
  }
}
