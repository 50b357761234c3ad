import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type Response as Answer, fetch } from 'undici'
import { EngineError } from '../engine.ts'
import { jittered } from './jitter.ts'
import type { Timing } from './timing.ts'

/** 40 seconds of the widest format that is decoded, twice over. */
const mostBytes = 64 * 1024 * 1024
const mostRedirects = 3

/**
 * Fetches what predictions made. An address in an answer is somebody else's word: it is followed to the provider's own
 * hosts only, and never into this network.
 */
export interface Outputs {
  /**
   * @returns null when there is nothing any more.
   * @throws {EngineError} `bad_output` for an address that is not the provider's or more than any speech;
   * `unavailable` or `timeout` when it did not come whole, which may be tried again; the signal's reason.
   */
  fetch(address: unknown, signal: AbortSignal): Promise<Uint8Array | null>
  close(): Promise<void>
}

export function createOutputs(baseUrl: string, timing: Timing): Outputs {
  const base = new URL(baseUrl)
  const connect = { timeout: timing.connect }
  const ours = new Agent({ connect })
  const theirs = new Agent({ connect: { ...connect, lookup: lookupPublic } })

  /** The operator chose the base address; the files of replicate.com lie on `replicate.delivery`. */
  const agentFor = (url: URL): Agent => {
    if (url.host === base.host && url.protocol === base.protocol) return ours
    const { hostname } = url
    const delivery = hostname === 'replicate.delivery' || hostname.endsWith('.replicate.delivery')
    if (delivery && url.protocol === 'https:' && url.port === '' && isIP(hostname) === 0) return theirs
    throw bad('it lies where Replicate has no files')
  }

  async function fetchOnce(address: string, signal: AbortSignal): Promise<Uint8Array | null> {
    let url = parse(address)
    for (let hop = 0; hop <= mostRedirects; hop++) {
      // No token: whoever has the address may read it.
      const answer = await fetch(url, { redirect: 'manual', signal, dispatcher: agentFor(url) })
      const location = answer.headers.get('location')
      if (answer.status >= 300 && answer.status < 400 && location !== null) {
        await answer.body?.cancel()
        url = parse(location, url)
        continue
      }
      if (answer.ok) return readBytes(answer)
      await answer.body?.cancel()
      if (answer.status === 404 || answer.status === 410 || answer.status === 403) return null
      throw new Error(`the output was answered with ${answer.status}`)
    }
    throw bad('it leads from one address to the next')
  }

  return {
    async fetch(address, signal) {
      if (typeof address !== 'string') throw bad('it is no address')
      const late = AbortSignal.timeout(timing.download)
      for (const waitMs of [...timing.retries, null]) {
        try {
          return await fetchOnce(address, AbortSignal.any([signal, late]))
        } catch (cause) {
          signal.throwIfAborted()
          if (cause instanceof EngineError) throw cause
          if (cause instanceof Error && cause.cause instanceof EngineError) throw cause.cause
          if (late.aborted || waitMs === null) {
            throw new EngineError('What Replicate made could not be fetched.', {
              code: late.aborted ? 'timeout' : 'unavailable',
              retryable: true,
              cause,
            })
          }
        }
        await sleep(jittered(waitMs), undefined, { signal }).catch(() => signal.throwIfAborted())
      }
      throw new Error('unreachable: the last try returns or throws')
    },
    async close() {
      await Promise.all([ours.close(), theirs.close()])
    },
  }
}

function parse(address: string, base?: URL): URL {
  const url = URL.parse(address, base)
  if (url === null || url.username !== '' || url.password !== '') throw bad('it is no address')
  return url
}

async function readBytes(answer: Answer): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > mostBytes) throw bad('it is longer than any speech')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}

/** Networks of one's own: what a name in the open must not lead to. */
const inner = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  inner.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  inner.addSubnet(network, prefix, 'ipv6')
}

/** Whether an address is in a network of one's own; IPv4 inside of IPv6 is seen through. */
export const isInner = (address: string) => inner.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Looks a name up, and fails where any of its addresses is inside: checked here, it is the address that is connected to. */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const first = addresses?.[0]
    if (error || !first) return callback(error ?? new Error(`${hostname} has no address`), '', 0)
    if (addresses.some(({ address }) => isInner(address))) {
      return callback(bad('it leads into this network'), '', 0)
    }
    if (options.all) return callback(null, addresses)
    callback(null, first.address, first.family)
  })
}

function bad(what: string): EngineError {
  return new EngineError(`What Replicate made cannot be used: ${what}.`, { code: 'bad_output', retryable: true })
}
