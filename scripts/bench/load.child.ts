import { randomInt, randomUUID } from 'node:crypto'
import { anotherWord, converse, type Load, type LoadAnswer, type Sending } from './load.ts'
import { quantile } from './statistics.ts'
import { apiKey } from './users.ts'

/** Sends requests over keep-alive connections, in a process of its own. */

/** So many that no limit of one is reached. */
const addresses = 10_000

process.on('message', async (load: Load) => process.send?.(await run(load)))
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })

async function run({ port, connections, seconds, requests, send }: Load): Promise<LoadAnswer> {
  const request = requester(port, send)
  const latencies: number[] = []
  let left = requests ?? Number.POSITIVE_INFINITY
  const started = performance.now()
  const end = started + (seconds ?? Number.POSITIVE_INFINITY) * 1_000
  const next = () => (left-- > 0 && performance.now() < end ? request() : undefined)
  await Promise.all(
    Array.from({ length: connections }, () => converse(port, next, (milliseconds) => latencies.push(milliseconds))),
  )
  return {
    requests: latencies.length,
    perSecond: (latencies.length * 1_000) / (performance.now() - started),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  }
}

function requester(port: number, send: Sending): () => string {
  const host = `Host: 127.0.0.1:${port}\r\n`
  let turn = 0
  if (send.kind !== 'create') {
    const body = send.kind === 'post' ? JSON.stringify(send.body) : ''
    const type = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
    const head = `${send.kind === 'get' ? 'GET' : 'POST'} ${send.path} HTTP/1.1\r\n${host}${body && type}`
    const requests = Array.from(
      { length: addresses },
      (_, n) => `${head}X-Forwarded-For: 10.0.${n >> 8}.${n & 255}\r\n\r\n${body}`,
    )
    return () => requests[turn++ % addresses] ?? ''
  }
  const body = JSON.stringify({ json: send.input })
  const head = `POST /trpc/generations.create HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
  const parts = body.split(anotherWord)
  const keys = Array.from({ length: send.users }, (_, index) => apiKey(index + 1))
  return () => {
    // In turn is as spread as it gets; a step coprime to round numbers keeps neighbours in the tables apart.
    turn = (turn + 7_919) % keys.length
    return `${head}Authorization: Bearer ${keys[turn]}\r\nIdempotency-Key: ${randomUUID()}\r\n\r\n${parts.reduce(
      (before, after) => before + word() + after,
    )}`
  }
}

/** Four syllables that can be said, of a hundred million. */
function word(): string {
  const syllable = () => `${'bcdfghjklmnprstvwxyz'[randomInt(20)]}${'aeiou'[randomInt(5)]}`
  return syllable() + syllable() + syllable() + syllable()
}
