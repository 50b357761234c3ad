import { type CommonEnv, commonVariables, EnvError, parseVariables, toCommonEnv } from '@loqui/process/env'
import { z } from 'zod'
import { createAddressOf } from './address.ts'
import type { ConnectionLimits } from './connections.ts'

export interface Env extends CommonEnv {
  readonly production: boolean
  readonly port: number
  readonly host: string
  readonly publicUrl: URL
  /** Origins whose pages may call: the public one first. */
  readonly origins: readonly string[]
  /** Proxies whose word on where a request comes from is believed: addresses and ranges. */
  readonly trustedProxies: readonly string[]
  /** What may be open at the same time. */
  readonly connections: Pick<ConnectionLimits, 'socketsPerUser' | 'connectionsPerAddress'>
}

const count = z.coerce.number('must be a number').int('must be a whole number').min(1, 'must be at least 1')

const schema = z.object({
  ...commonVariables,
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  PORT: z.coerce.number('must be a port number').int().min(0).max(65_535).default(3000),
  HOST: z.string().optional(),
  ALLOWED_ORIGINS: z.string().default(''),
  TRUSTED_PROXIES: z.string().default(''),
  SOCKETS_PER_USER: count.default(50),
  CONNECTIONS_PER_ADDRESS: count.default(200),
})

/** @throws {EnvError} */
export function readEnv(variables: NodeJS.ProcessEnv): Env {
  const values = parseVariables(schema, variables)
  const production = values.NODE_ENV === 'production'
  const publicUrl = new URL(values.PUBLIC_URL ?? `http://localhost:${values.PORT}`)
  return {
    ...toCommonEnv(values),
    production,
    port: values.PORT,
    host: values.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    publicUrl,
    origins: readOrigins(publicUrl, values.ALLOWED_ORIGINS, production),
    trustedProxies: readProxies(values.TRUSTED_PROXIES),
    connections: {
      socketsPerUser: values.SOCKETS_PER_USER,
      connectionsPerAddress: values.CONNECTIONS_PER_ADDRESS,
    },
  }
}

const split = (list: string) =>
  list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

function readProxies(list: string): string[] {
  const proxies = split(list)
  for (const proxy of proxies) {
    try {
      createAddressOf([proxy])
    } catch {
      throw new EnvError(`TRUSTED_PROXIES must be addresses, ranges such as 10.0.0.0/8, or loopback, not “${proxy}”`)
    }
  }
  return proxies
}

function readOrigins(publicUrl: URL, allowed: string, production: boolean): string[] {
  const origins = [publicUrl.origin]
  for (const entry of split(allowed)) {
    const origin = URL.canParse(entry) ? new URL(entry).origin : 'null'
    if (origin === 'null')
      throw new EnvError(`ALLOWED_ORIGINS must be origins such as https://app.example.com, not “${entry}”`)
    origins.push(origin)
  }
  // In development people type either name of their own machine.
  if (!production && publicUrl.hostname === 'localhost')
    origins.push(publicUrl.origin.replace('localhost', '127.0.0.1'))
  return origins
}
