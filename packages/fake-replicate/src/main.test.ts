import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import Replicate from 'replicate'
import { expect, test } from 'vitest'

test('the fake is a process as well, and its switches are moved over HTTP', async () => {
  const child = fork(join(import.meta.dirname, 'main.ts'), { env: { PATH: process.env.PATH, TOKEN: 'r8_child' } })
  try {
    const [{ baseUrl, token }] = await once(child, 'message')
    const control = async (method: string, path: string, body?: unknown) => {
      const address = new URL(`/_control/${path}`, baseUrl)
      const answer = await fetch(address, body === undefined ? { method } : { method, body: JSON.stringify(body) })
      expect(answer.status).toBe(200)
      return answer.json()
    }
    const replicate = new Replicate({ auth: token, baseUrl })
    const create = () =>
      replicate.predictions.create({ model: 'resemble-ai/chatterbox-turbo', input: { text: 'Hello.' } })

    await control('PATCH', 'settings', { pace: { startMs: 0, runMs: 0 } })
    await control('POST', 'faults', { on: 'create', fault: { kind: 'status', status: 402 } })
    await expect(create()).rejects.toThrow('402')
    await control('DELETE', 'faults')
    const { id } = await create()
    await expect.poll(async () => (await replicate.predictions.get(id)).status, { interval: 5 }).toBe('succeeded')
    await control('POST', 'clock', { advanceMs: 3_600_000 })
    expect((await replicate.predictions.get(id)).data_removed).toBe(true)
    expect(await control('GET', 'predictions')).toMatchObject([
      { id, model: 'resemble-ai/chatterbox-turbo', costMicros: 150, status: 'succeeded' },
    ])
    const requests = await control('GET', 'requests')
    expect(Array.isArray(requests) && requests.slice(0, 2)).toMatchObject([{ status: 402 }, { status: 201 }])
  } finally {
    child.disconnect()
    await once(child, 'exit')
  }
})
