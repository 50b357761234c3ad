import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestFault } from './faults.ts'

/** A request as it came. */
export interface RecordedRequest {
  /** When it came, by the fake's clock, in milliseconds since 1970. */
  readonly at: number
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Parsed, where it is JSON; of a form its fields, and of files in it their name, type, size and hash. */
  readonly body: unknown
  /** What was answered; null when nothing was. */
  status: number | null
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** A file in a form. */
export interface FormFile {
  readonly name: string
  readonly contentType: string
  readonly bytes: Buffer
}

export interface Body {
  readonly json: unknown
  readonly files: ReadonlyMap<string, FormFile>
}

export async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const type = request.headers['content-type'] ?? ''
  const files = new Map<string, FormFile>()
  if (type.startsWith('multipart/form-data')) {
    const form = await new Response(bytes, { headers: { 'content-type': type } }).formData()
    for (const [field, value] of form) {
      if (typeof value === 'string') continue
      files.set(field, {
        name: value.name,
        contentType: value.type,
        bytes: Buffer.from(await value.arrayBuffer()),
      })
    }
    return { json: undefined, files }
  }
  return { json: bytes.length === 0 ? undefined : parse(bytes.toString()), files }
}

/** @returns undefined for what is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What a test is told of a body. */
export function describeBody({ json, files }: Body): unknown {
  if (files.size === 0) return json
  return Object.fromEntries(
    [...files].map(([field, { name, contentType, bytes }]) => [
      field,
      { name, contentType, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
    ]),
  )
}

/** Sends an answer, with what a fault makes of it. */
export async function send(response: ServerResponse, answer: Answer, fault?: RequestFault): Promise<void> {
  if (fault?.kind === 'html') {
    return end(response, 200, { 'content-type': 'text/html' }, Buffer.from('<!doctype html><title>Sign in</title>'))
  }
  if (fault?.kind === 'json') {
    return end(response, 200, { 'content-type': 'application/json' }, Buffer.from('{"detail":"hello"}'))
  }
  if (fault?.kind === 'redirect') return end(response, 302, { location: fault.location }, Buffer.alloc(0))
  if (fault?.kind === 'bytes') {
    return end(response, 200, { 'content-type': fault.contentType }, Buffer.from(fault.base64, 'base64'))
  }
  const { status, headers = {}, body } = answer
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body))
  const all = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }
  if (fault?.kind === 'truncate') {
    response.writeHead(status, { ...all, 'content-length': bytes.length })
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy())
  } else if (fault?.kind === 'drip') await drip(response, status, all, bytes, fault.bytesPerSecond)
  else end(response, status, all, bytes)
}

function end(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, bytes: Buffer): void {
  response.writeHead(status, { ...headers, ...(status === 204 ? {} : { 'content-length': bytes.length }) })
  response.end(status === 204 ? undefined : bytes)
}

async function drip(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Buffer,
  bytesPerSecond: number,
): Promise<void> {
  response.writeHead(status, { ...headers, 'content-length': bytes.length })
  const size = Math.max(1, Math.round(bytesPerSecond / 10))
  for (let at = 0; at < bytes.length && !response.destroyed; at += size) {
    response.write(bytes.subarray(at, at + size))
    await sleep(100)
  }
  response.end()
}
