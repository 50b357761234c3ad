import {
  GenerationFailedError,
  Loqui,
  LoquiError,
  QuotaExceededError,
  RateLimitedError,
  toLoquiError,
  toNodeStream,
} from '@loqui/sdk'

/** Calls every method there is: what the compiler needs for it is measured, and held against that of another client. */
export async function callEveryMethod(file: Blob, plan: string): Promise<unknown> {
  const loqui = new Loqui({ baseUrl: 'http://localhost:3000', token: async () => 'a token', debug: true })
  const { auth, voices, samples, consents, generations, keys, tokens, usage, plans, pronunciations, admin } = loqui

  const { user } = await auth.register({ email: 'ada@example.com', password: 'correct horse' })
  await auth.login({ email: user.email, password: 'correct horse' })
  await auth.me()

  const sample = await samples.upload(file, { name: 'Ada', onProgress: ({ sentBytes }) => console.log(sentBytes) })
  for await (const { id } of samples.list({ purpose: 'voice' })) await samples.get(id)
  await samples.rename(sample.id, 'Ada, by the window')
  await samples.audio(sample.id)
  await samples.link(sample.id, { expiresInSeconds: 600 })

  const { nonce, locale, version } = await consents.statement({ locale: 'en' })
  const stated = { nonce, locale, statementVersion: version, accepted: true } as const
  const consent = await consents.create({ sampleIds: [sample.id], speaker: 'self', speakerName: 'Ada', ...stated })
  for await (const { id } of consents.list()) await consents.get(id)

  const voice = await voices.create({ name: 'Ada', sampleIds: [sample.id], consentId: consent.id })
  for await (const { id } of voices.list({ language: 'en' })) await voices.get(id)
  await voices.update({ id: voice.id, aliases: ['narrator'], settings: { speed: 1.1 } })

  const input = { text: 'Hello.', voiceId: voice.id, format: 'mp3' } as const
  const { estimatedMs, fits } = await generations.estimate(input)
  const { id } = await generations.create(input, { idempotencyKey: 'once' })
  for await (const { type, segments } of generations.watch(id)) console.log(type, segments.done, estimatedMs, fits)
  for await (const { state } of loqui.events({ lastEventId: '0' })) if (state === 'succeeded') break
  await generations.wait(id, { timeoutMs: 60_000, onProgress: ({ state }) => console.log(state) })
  await generations.get(id)
  await generations.status(id)
  const audio = await generations.audio(id, { format: 'flac' })
  const stream = toNodeStream(audio, { fromWeb: (body: ReadableStream) => body })
  const { segments } = await generations.captions(id)
  const { url } = await generations.link(id)
  for await (const { excerpt } of generations.list({ state: 'failed' }))
    console.log(excerpt, segments.length, url, stream)
  for await (const { index, flaws } of generations.segments(id, { flawed: true })) console.log(index, flaws)
  await generations.retake(id, { segments: [0] })
  await generations.cancel(id)
  await generations.delete(id)
  try {
    const speech = await loqui.speak(input)
    console.log(speech.generation.durationMs)
  } catch (error) {
    if (error instanceof QuotaExceededError) console.log(error.reason)
    else if (error instanceof RateLimitedError) console.log(error.retryAfterMs)
    else if (error instanceof GenerationFailedError) console.log(error.generation.error)
    else if (error instanceof LoquiError) console.log(error.issues)
    else throw toLoquiError(error)
  }

  const word = await pronunciations.create({ phrase: 'SQL', replacement: 'sequel' })
  for await (const { id } of pronunciations.list()) await pronunciations.update(id, { caseSensitive: true })
  await pronunciations.delete(word.id)

  const { key } = await keys.create({ name: 'Newsletter', scopes: ['generations:write'] })
  for await (const { prefix } of keys.list()) console.log(prefix)
  await keys.revoke(key.id)
  for await (const { type, subjectId } of loqui.library.watch()) console.log(type, subjectId)
  for await (const { usage } of loqui.usage.watch()) if (usage.remainingMs === 0) break
  await tokens.create({ scopes: ['generations:read'] })
  const { remainingMs } = await usage.current()
  const { rows } = await usage.history({ by: 'voice' })
  const offered = await plans.list()
  console.log(remainingMs, rows.length, offered.length)

  for await (const { email } of admin.users.list({ search: 'ada' })) console.log(email)
  await admin.users.get(user.id)
  await admin.users.update({ id: user.id, planId: plan })
  const [first] = await admin.plans.list()
  if (first) await admin.plans.upsert({ ...first, id: plan })
  await admin.quota.adjust({ userId: user.id, ms: 60_000, note: 'A gift.' })
  await admin.quota.refund({ generationId: id, note: 'It lisped.' })
  for await (const { kind } of admin.quota.entries({ userId: user.id })) console.log(kind)
  for await (const { limitMicros } of admin.budgets.list()) console.log(limitMicros)
  await admin.budgets.set({ userId: null, alertMicros: null, limitMicros: 50_000_000 })
  const { total } = await admin.costs({ by: 'engine' })
  const engines = await admin.engines()
  console.log(total.costMicros, engines.length)

  await voices.delete(voice.id)
  await consents.revoke(consent.id)
  await samples.delete(sample.id)
  await auth.logout()
  loqui.close()
  return loqui.trpc.auth.me.query()
}
