import type { AudioFormat } from '@loqui/sdk'

/** Where the browser finds a generation's audio. It brings its own cookie, and asks for ranges itself. */
export function audioUrl(id: string, format: AudioFormat, { download = false } = {}): string {
  const query = new URLSearchParams({ format, ...(download && { download: '1' }) })
  return `/api/v1/generations/${encodeURIComponent(id)}/audio?${query}`
}
