import type { IncomingMessage } from 'node:http'
import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import proxyAddr from 'proxy-addr'

/**
 * Where requests come from. What `X-Forwarded-For` says is believed of proxies of ours only: anybody can write it.
 *
 * @param proxies their addresses, ranges such as `10.0.0.0/8`, or `loopback`.
 * @throws {TypeError} for what is no address.
 */
export function createAddressOf(proxies: readonly string[]): (req: IncomingMessage) => string {
  const trust = proxyAddr.compile([...proxies])
  return (req) => {
    const peer = req.socket.remoteAddress ?? ''
    if (proxies.length === 0) return networkOf(peer) ?? peer
    return networkOf(proxyAddr(req, trust)) ?? networkOf(peer) ?? peer
  }
}

/** One subscriber's network: of IPv6 a /64, which is what everybody gets and can roam in at will. */
function networkOf(address: string): string | undefined {
  if (isIPv4(address)) return address
  if (!ipaddr.isValid(address)) return undefined
  const parsed = ipaddr.process(address)
  if (!('parts' in parsed)) return parsed.toString()
  const prefix = parsed.parts.slice(0, 4).map((part) => part.toString(16))
  return `${prefix.join(':')}::/64`
}
