import type { ServerResponse } from 'node:http'
import type { Limit, Policy } from '@loqui/core/limits/limit'

/** What each answer says so far. */
const shown = new WeakMap<ServerResponse, Map<Policy, Limit>>()

/**
 * Says in the headers of an answer what is left of limits, as draft-ietf-httpapi-ratelimit-headers does: by the name of
 * its policy each, and of several calls in one request the least. Nothing happens once the headers are sent.
 */
export function showLimits(res: ServerResponse, limits: readonly Limit[]): void {
  if (limits.length === 0 || res.headersSent) return
  const all = shown.get(res) ?? new Map<Policy, Limit>()
  shown.set(res, all)
  for (const limit of limits) {
    const before = all.get(limit.policy)
    if (!before || limit.remaining <= before.remaining) all.set(limit.policy, limit)
  }
  const said = [...all.values()]
  res.setHeader('ratelimit-policy', said.map(policyItem).join(', '))
  res.setHeader('ratelimit', said.map(stateItem).join(', '))
}

/** Items of structured field lists (RFC 9651): strings with integers and strings as parameters. */
const policyItem = ({ policy, quota, unit, windowSeconds }: Limit) =>
  `"${policy}";q=${quota}${windowSeconds === undefined ? '' : `;w=${windowSeconds}`}${unit ? `;qu="${unit}"` : ''}`

const stateItem = ({ policy, remaining, growsInSeconds }: Limit) => `"${policy}";r=${remaining};t=${growsInSeconds}`
