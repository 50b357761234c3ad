import type { GenerationStatus } from '@loqui/sdk'

const width = 30

/** Shows on a terminal how far a generation is, in one line that is gone in the end; into a pipe it shows nothing. */
export interface Progress extends Disposable {
  show(status: GenerationStatus): void
}

export function openProgress(stream: NodeJS.WriteStream, quiet: boolean): Progress {
  if (!stream.isTTY || quiet) return { show: () => undefined, [Symbol.dispose]: () => undefined }
  return {
    show: (status) => void stream.write(`\r${bar(status)}\u001b[K`),
    [Symbol.dispose]: () => void stream.write('\r\u001b[K'),
  }
}

export function bar({ state, segments: { done, total } }: Pick<GenerationStatus, 'state' | 'segments'>): string {
  if (state === 'queued') return 'Waiting for its turn …'
  const full = Math.round((done / total) * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${done} of ${total}`
}
