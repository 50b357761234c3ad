import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { S3Address } from './address.ts'
import { readAwsEnv } from './env.ts'

/** A bucket, and how it is spoken to. */
export interface Bucket {
  readonly name: string
  /** Before every key. */
  readonly prefix: string
  /** Where it is, for people: a host, or AWS and a region. */
  readonly place: string
  /** For everything but reading objects. */
  readonly client: S3Client
  /** For reading objects: whoever reads may be slow, and holds a connection as long as that takes. */
  readonly reader: S3Client
  /** How long S3 may be silent while we wait for it, in milliseconds. */
  readonly patienceMs: number
}

/** How long a connection may take to come about. */
const CONNECT_MS = 3_000
/** A request that fails is tried this often in all; what lies between is the SDK's: an exponential wait with full jitter. */
const ATTEMPTS = 3
/** A part that goes out more slowly than this is given up. */
const SLOWEST_BYTES_PER_MS = 64
/** Connections for everything but reading, of a process. */
const CONNECTIONS = 50

export function openBucket(address: S3Address, patienceMs: number): Bucket {
  const env = readAwsEnv()
  const endpoint = address.endpoint ?? env.endpoint
  // Stores that are not AWS's mostly do not care, but the SDK does: it signs with it.
  const region = address.region ?? env.region ?? (endpoint === undefined ? undefined : 'us-east-1')
  const config: S3ClientConfig = {
    ...(region !== undefined && { region }),
    // A bucket as part of a host name needs a wildcard in the DNS, which only AWS and few others have.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    // A part with a checksum is refused where the upload was not begun with its kind, and stores that are not AWS's may
    // know none. The signature covers what is sent in any case.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    // The SDK would check a whole object by passing it through a stream that does not hear of what breaks it.
    responseChecksumValidation: 'WHEN_REQUIRED',
  }
  const handler = (maxSockets: number, socketTimeout: number) =>
    new NodeHttpHandler({
      connectionTimeout: CONNECT_MS,
      requestTimeout: patienceMs,
      throwOnRequestTimeout: true,
      socketTimeout,
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets }),
      httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets }),
      logger: silence,
    })
  return {
    name: address.bucket,
    prefix: address.prefix,
    place: endpoint === undefined ? `AWS${region === undefined ? '' : ` (${region})`}` : new URL(endpoint).host,
    client: new S3Client({ ...config, requestHandler: handler(CONNECTIONS, patienceMs) }),
    // The silence of a socket is no sign here: it is silent as well while the reader does not read.
    reader: new S3Client({ ...config, requestHandler: handler(Number.POSITIVE_INFINITY, 0) }),
    patienceMs,
  }
}

/** How long a request with so many bytes may take until it is answered, in milliseconds. */
export function timeFor({ patienceMs }: Bucket, bytes: number): number {
  return patienceMs + bytes / SLOWEST_BYTES_PER_MS
}

const silence = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
