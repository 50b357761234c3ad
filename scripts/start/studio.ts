import { StartError } from '@loqui/db/embedded-error'
import { turbo } from './turbo.ts'

/**
 * Builds what the server serves in the browser, unless it is built already.
 *
 * @throws {StartError} with the end of what the build said.
 */
export async function buildStudio(signal: AbortSignal): Promise<void> {
  const { code, output } = await turbo(['run', 'build', '--filter=@loqui/web'], { signal })
  if (code !== 0) {
    throw new StartError(`The studio could not be built:\n${output.trim().split('\n').slice(-20).join('\n')}`)
  }
}
