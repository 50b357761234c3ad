import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'

/** A file that somebody uploaded. */
export interface UploadedFile {
  readonly id: string
  readonly name: string
  readonly contentType: string
  readonly bytes: Buffer
  readonly sha256: string
  readonly metadata: unknown
  readonly createdAt: number
  readonly expiresAt: number
  deleted: boolean
}

export interface Uploads {
  /** All that were ever uploaded, oldest first. */
  readonly all: readonly UploadedFile[]
  add(file: Pick<UploadedFile, 'name' | 'contentType' | 'bytes' | 'metadata'>): UploadedFile
  /** Undefined when it was never there, or is there no more. */
  find(id: string): UploadedFile | undefined
}

/** Replicate says when a file expires and does not document after how long: a day. */
const uploadsLiveMs = 24 * 3_600_000

export function createUploads(clock: Clock): Uploads {
  const all: UploadedFile[] = []
  return {
    all,
    add(file) {
      const uploaded: UploadedFile = {
        ...file,
        id: randomBytes(24).toString('base64url'),
        sha256: createHash('sha256').update(file.bytes).digest('hex'),
        createdAt: clock.now(),
        expiresAt: clock.now() + uploadsLiveMs,
        deleted: false,
      }
      all.push(uploaded)
      return uploaded
    },
    find: (id) => all.find((file) => file.id === id && !file.deleted && clock.now() < file.expiresAt),
  }
}

/** As the API shows it. @param origin of this server, with `/v1`. */
export function showUpload(file: UploadedFile, origin: string): Record<string, unknown> {
  return {
    id: file.id,
    name: file.name,
    size: file.bytes.length,
    content_type: file.contentType,
    etag: file.sha256.slice(0, 32),
    checksums: { sha256: file.sha256 },
    metadata: file.metadata,
    created_at: new Date(file.createdAt).toISOString(),
    expires_at: new Date(file.expiresAt).toISOString(),
    urls: { get: `${origin}/files/${file.id}` },
  }
}
