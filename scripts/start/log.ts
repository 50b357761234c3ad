import { styleText } from 'node:util'

/** Writes a line of progress, or one that a process of ours said. */
export type Log = (line: string, from?: string) => void

/** To standard output, with who said it in front. A terminal that is gone is no reason to stop what is being stopped. */
export function consoleLog(): Log {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const color = process.stdout.isTTY === true
  return (line, from = 'loqui') => {
    const name = from.padEnd(8)
    process.stdout.write(`${color ? styleText('dim', `${name} │`) : `${name} |`} ${readable(line)}\n`)
  }
}

/** A line that a process logged for machines, as a person reads it; any other as it is. */
function readable(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const { level, time: _, msg, ...details } = JSON.parse(line)
    if (typeof level !== 'number' || typeof msg !== 'string') return line
    const rest = Object.entries(details).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    return `${level >= 50 ? 'error: ' : level >= 40 ? 'warning: ' : ''}${msg}${rest.join('')}`
  } catch {
    return line
  }
}
