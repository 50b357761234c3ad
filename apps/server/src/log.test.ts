import { expect, test } from 'vitest'
import { client, eventually, finished, refusal, startLoqui } from './testing.ts'

const loqui = await startLoqui({ env: { LOG_LEVEL: 'trace' } })

test('nothing that people say, and nothing that proves who they are, is written down', async () => {
  const secrets = {
    password: 'canary-password-7f3a',
    guess: 'canary-guess-7f3a',
    text: 'Canaries sing in the deepest mine of all.',
    title: 'canary-title-7f3a',
    idempotencyKey: 'canary-idempotency-7f3a',
  }
  const email = 'canary-7f3a@example.com'
  const guest = client(loqui.url)
  const { token } = await guest.auth.register.mutate({ email, password: secrets.password, name: 'canary-name-7f3a' })
  await refusal(guest.auth.login.mutate({ email, password: secrets.guess }))
  const own = client(loqui.url, { authorization: `Bearer ${token}`, 'idempotency-key': secrets.idempotencyKey })
  const { secret } = await own.keys.create.mutate({ name: 'canary' })
  const voiceId = String((await own.voices.list.query()).items[0]?.id)
  const { id } = await own.generations.create.mutate({ text: secrets.text, title: secrets.title, voiceId })
  await finished(own, id)
  // Refusals, and accidents as far as they can be had.
  await refusal(own.generations.create.mutate({ text: `${secrets.text} ${'x'.repeat(10_000)}`, voiceId }))
  await refusal(client(loqui.url, { authorization: `Bearer ${secret}x` }).auth.me.query())
  await loqui.storage.remove(await Array.fromAsync(loqui.storage.list('generations/'), ({ key }) => key))
  const lost = await fetch(`${loqui.url}/api/v1/generations/${id}/audio?token=${token}`, {
    headers: { authorization: `Bearer ${secret}`, cookie: `loqui=${token}` },
  })
  expect(lost.status).toBe(500)
  await loqui.expectTrouble(/There is no such object/)

  await eventually(() => loqui.output.length).toBeGreaterThan(2)
  const written = loqui.output.join('\n')
  for (const [name, value] of Object.entries({
    ...secrets,
    token: String(token),
    secret,
    email,
    name: 'canary-name',
  })) {
    expect(written.includes(value), name).toBe(false)
  }
})
