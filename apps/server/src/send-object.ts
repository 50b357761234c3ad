import type { RequestContext } from '@loqui/api/context'
import contentDisposition from 'content-disposition'
import type { Request, Response } from 'express'
import fresh from 'fresh'
import { sendStream } from './send-stream.ts'

/** A file, as it is to be answered. */
export interface SentFile {
  readonly contentType: string
  /** For a file of it, without directories. */
  readonly fileName: string
  /** To whom it may be given without asking us again. Default: to who is known to us, on our own pages. */
  readonly open?: boolean
}

/** An object of the store, as it is to be answered. */
export interface SentObject extends SentFile {
  readonly key: string
  readonly bytes: number
  /** Lower-case hex: its ETag. */
  readonly sha256: string
  readonly modifiedAt: Date
  /** Default: to be asked for each time, since it may be deleted. */
  readonly cacheControl?: string
}

const redirectedSeconds = 60

/** What each file is answered with: as one to be saved where `?download=1` asks for it, and never as a page. */
export function fileHeaders(req: Request, { contentType, fileName, open }: SentFile) {
  return {
    'content-disposition': contentDisposition(fileName.replaceAll(deceptive, ' '), {
      type: req.query.download === '1' ? 'attachment' : 'inline',
    }),
    'content-security-policy': "sandbox; default-src 'none'",
    'content-type': contentType,
    'cross-origin-resource-policy': open ? 'cross-origin' : 'same-origin',
  }
}

/**
 * Answers GET and HEAD with an object of the store: whole, a range of it, or that it has not changed. What a person gave is sent so
 * that no browser takes it for a page.
 */
export async function sendObject(
  { storage, log, requestId }: Pick<RequestContext, 'storage' | 'log' | 'requestId'>,
  req: Request,
  res: Response,
  object: SentObject,
): Promise<void> {
  const { bytes, contentType } = object
  const validators = { etag: `"${object.sha256}"`, 'last-modified': object.modifiedAt.toUTCString() }
  const file = fileHeaders(req, object)
  const headers = {
    ...file,
    ...validators,
    'accept-ranges': 'bytes',
    // A link's address is its bytes' for as long as they are there: caches between may keep them, and ask whether they are.
    'cache-control': object.cacheControl ?? (object.open ? 'public, no-cache' : 'private, no-cache'),
  }
  if (isUnmet(req, validators.etag)) {
    res.status(412).set(headers).end()
    return
  }
  // `no-cache` is what fetch adds to every conditional request; it asks caches, not us, to look again.
  if (fresh({ ...req.headers, 'cache-control': undefined }, validators)) {
    res.status(304).set(headers).end()
    return
  }
  const range = req.method === 'GET' ? readRange(req, bytes, Object.values(validators)) : undefined
  if (range === 'unsatisfiable') {
    res.status(416).set(headers).set('content-range', `bytes */${bytes}`).end()
    return
  }
  const length = range ? range.end - range.start + 1 : bytes
  if (req.method === 'HEAD') {
    res.set(headers).set('content-length', String(length)).end()
    return
  }
  if (object.open) {
    const contentDisposition = file['content-disposition']
    const options = { expiresInSeconds: redirectedSeconds, contentType, contentDisposition }
    const address = await storage.link(object.key, options)
    if (address !== null) {
      res.set({ 'cache-control': 'no-store', 'cross-origin-resource-policy': 'cross-origin' }).redirect(302, address)
      return
    }
  }
  const body = await storage.read(object.key, range)
  res.set(headers).set('content-length', String(length))
  if (range) res.status(206).set('content-range', `bytes ${range.start}-${range.end}/${bytes}`)
  await sendStream(body, res, length).catch((error: unknown) => {
    // A listener who leaves is no error; a store that breaks off is one, and the reader must not take it for the end.
    if (!req.destroyed) log.error({ error, requestId }, 'a download broke off')
    res.destroy()
  })
}

/** Characters that break a line, or turn the direction so that a name seems to end otherwise than it does. */
const deceptive = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

/** Whether it is asked for on a condition that does not hold: a reader that goes on would mix two files. */
function isUnmet(req: Request, etag: string): boolean {
  const condition = req.get('if-match')
  return condition !== undefined && condition.trim() !== '*' && !condition.split(',').some((tag) => tag.trim() === etag)
}

/**
 * What is asked for, both ends included. One range is served; several, and what is none, are answered with the whole,
 * as RFC 9110 allows.
 */
function readRange(
  req: Request,
  bytes: number,
  validators: readonly string[],
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const condition = req.get('if-range')
  if (condition !== undefined && !validators.includes(condition)) return undefined
  const [, from, to] = /^bytes=(\d*)-(\d*)$/i.exec(req.get('range') ?? '') ?? []
  if (from === undefined || to === undefined || from + to === '') return undefined
  const start = from === '' ? Math.max(0, bytes - Number(to)) : Number(from)
  const end = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (from !== '' && to !== '' && Number(to) < start) return undefined
  return start < bytes ? { start, end } : 'unsatisfiable'
}
