import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLimits } from '@loqui/core/limits/limits'
import { createReplicateEngines } from '@loqui/engines/replicate/engine'
import { startFakeReplicate } from '@loqui/fake-replicate/server'
import { signWebhook } from '@loqui/fake-replicate/webhooks'
import express from 'express'
import { afterAll, expect, test } from 'vitest'
import { problems } from './problem.ts'
import { providerWebhook } from './provider-webhook.ts'
import { giveRequestId } from './request.ts'

const fake = await startFakeReplicate()
const engines = createReplicateEngines({
  token: fake.token,
  baseUrl: fake.baseUrl,
  limiter: { take: async () => undefined },
})
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const hinted: string[] = []
const hints = {
  hint: (channel: string, id: string) => void hinted.push(`${channel} ${id}`),
  flush: async () => undefined,
}
const app = express()
app.use((req, res, next) => {
  giveRequestId(req, res)
  next()
})
app.post('/hook', ...providerWebhook({ hints, limits: createLimits(log) }, engines[0]!.provider!, () => 'here'))
app.use(problems(log))
const server = createServer(app)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
afterAll(async () => {
  server.close()
  await Promise.all(engines.map((engine) => engine.close()))
  await fake.close()
})

const secret = async () => {
  const answer = await fetch(`${fake.baseUrl}/webhooks/default/secret`, {
    headers: { authorization: `Bearer ${fake.token}` },
  })
  return ((await answer.json()) as { key: string }).key
}
const post = (body: string, headers: Record<string, string>) => fetch(url, { method: 'POST', body, headers })

test('what the provider has signed becomes a hint, and what it has not is refused', async () => {
  const body = JSON.stringify({ id: 'abc123', status: 'succeeded', logs: 'x'.repeat(10_000) })
  const signed = signWebhook('msg_1', Date.now(), body, await secret())
  expect((await post(body, signed)).status).toBe(204)
  expect(hinted).toEqual(['call abc123'])
  expect((await post(`${body} `, signed)).status).toBe(403)
  expect((await post(body, signWebhook('msg_2', Date.now() - 600_000, body, await secret()))).status).toBe(403)
  expect((await post(body, {})).status).toBe(403)
  expect(hinted).toHaveLength(1)
})

test('what is too long is not read, and more than strangers may send is not looked at', async () => {
  expect((await post('x'.repeat(1_100_000), {})).status).toBe(413)
  // However slow the machine is, they come faster than they are allowed again.
  const statuses = new Set<number>()
  for (let batch = 0; batch < 100 && !statuses.has(429); batch++) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => post('{}', {})))
    for (const { status } of answers) statuses.add(status)
  }
  expect(statuses).toEqual(new Set([403, 429]))
})
