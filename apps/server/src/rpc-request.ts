import type { IncomingMessage } from 'node:http'

/** What a URL below /trpc asks for. */
export interface RpcRequest {
  /** The last part of the URL's path, as it came. */
  readonly path: string
  /** The path of each procedure that is called; `undefined` when they are not well-formed. */
  readonly paths: readonly string[] | undefined
  /** Whether the answer is an array. */
  readonly batch: boolean
  readonly query: URLSearchParams
}

// A proxy may ask for a whole URL.
const target = /^(?:https?:\/\/[^/?#]*)?\/trpc(?:\/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$/i

/** @returns undefined for what is not below /trpc. */
export function readRpcRequest(url = ''): RpcRequest | undefined {
  const parts = target.exec(url)
  if (!parts) return undefined
  const [, below = '', search] = parts
  const path = below.slice(below.lastIndexOf('/') + 1)
  const query = new URLSearchParams(search)
  const batch = query.get('batch') === '1'
  const decoded = decode(path)
  return { path, paths: batch ? decoded?.split(',') : decoded === undefined ? undefined : [decoded], batch, query }
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/** Media types are case-insensitive and may have parameters. */
export const isJson = ({ headers }: IncomingMessage) =>
  headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'

/** Whether the answer is wanted piece by piece. */
export const isStreamed = ({ headers }: IncomingMessage) =>
  /application\/jsonl/.test(`${headers['trpc-accept']} ${headers.accept}`)
