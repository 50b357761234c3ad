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
export function speechBar({ state, segments: { done, total } }: Pick<GenerationStatus, 'state' | 'segments'>): string {
  return state === 'queued' ? 'Waiting for its turn …' : `${bar(done / total)} ${done} of ${total}`
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
