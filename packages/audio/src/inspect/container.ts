/** What an uploaded file can be, by its content. */
export const containers = ['wav', 'mp3', 'flac', 'ogg', 'webm', 'm4a', 'aac'] as const

export type Container = (typeof containers)[number]

/** Content type and file ending of each container. `m4a` is MP4 without pictures, `aac` is AAC in ADTS. */
export const containerInfo: Record<Container, { readonly contentType: string; readonly extension: string }> = {
  wav: { contentType: 'audio/wav', extension: 'wav' },
  mp3: { contentType: 'audio/mpeg', extension: 'mp3' },
  flac: { contentType: 'audio/flac', extension: 'flac' },
  ogg: { contentType: 'audio/ogg', extension: 'ogg' },
  webm: { contentType: 'audio/webm', extension: 'webm' },
  m4a: { contentType: 'audio/mp4', extension: 'm4a' },
  aac: { contentType: 'audio/aac', extension: 'aac' },
}
