import type { GenerationStatus, UploadProgress } from '@loqui/sdk'

const width = 30

/** Shows on a terminal how far something is, in one line that is gone in the end; into a pipe it shows nothing. */
export interface Progress extends Disposable {
  show(line: string): void
}

export function openProgress(stream: NodeJS.WriteStream, quiet: boolean): Progress {
  if (!stream.isTTY || quiet) return { show: () => undefined, [Symbol.dispose]: () => undefined }
  return {
    show: (line) => void stream.write(`\r${line}\u001b[K`),
    [Symbol.dispose]: () => void stream.write('\r\u001b[K'),
  }
}

/** How far a generation is. */
export function speechBar({
  state,
  waitsFor,
  segments: { done, total },
}: Pick<GenerationStatus, 'state' | 'waitsFor' | 'segments'>): string {
  if (state === 'queued') return 'Waiting for its turn …'
  const progress = `${bar(done / total)} ${done} of ${total}`
  return waitsFor === null ? progress : `${progress}, waiting for its engine …`
}

/** Says in a line of its own when a generation begins to wait for its engine: for who sees no bar. */
export function tellWaits(say: (line: string) => void): (status: Pick<GenerationStatus, 'waitsFor'>) => void {
  let waited = false
  return ({ waitsFor }) => {
    const waits = waitsFor !== null
    if (waits && !waited)
      say('Its engine does not work at the moment: it waits, and goes on by itself. Ctrl-C cancels it.')
    waited = waits
  }
}

/** How much of a file has gone; when all has, it is being heard through. */
export function uploadBar({ sentBytes, totalBytes }: UploadProgress): string {
  if (totalBytes === null) return `${megabytes(sentBytes)} sent`
  if (sentBytes === totalBytes) return 'Listening to it …'
  return `${bar(sentBytes / totalBytes)} ${megabytes(sentBytes)} of ${megabytes(totalBytes)}`
}

function bar(share: number): string {
  const full = Math.round(share * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
