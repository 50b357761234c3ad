import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { startLoqui } from '@loqui/server/testing'
import { build } from 'esbuild'
import { afterAll, expect, test } from 'vitest'
import { findLint, judgeTypes } from '../scripts/check.ts'
import { bundlePage, pages } from '../scripts/size.ts'
import { findNodes, installPacked } from './consumer.ts'

const run = promisify(execFile)
const server = await startLoqui()
const { key } = await server.user()
const consumer = await installPacked()
afterAll(() => consumer[Symbol.asyncDispose]())
const { directory, installed, files } = consumer

test('the package holds what is built, its license, and nothing else', () => {
  expect(files.filter((file) => !file.startsWith('dist/')).toSorted()).toEqual([
    'LICENSE',
    'NOTICE',
    'README.md',
    'package.json',
  ])
  expect(files.filter((file) => !/\.(js|d\.ts)$/.test(file) || file.includes('test')).toSorted()).toEqual([
    'LICENSE',
    'NOTICE',
    'README.md',
    'package.json',
  ])
})

test('npm can install it, and it imports only what it asks for', async () => {
  const manifest = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8'))
  const { dependencies, peerDependencies, peerDependenciesMeta } = manifest
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  for (const peer of Object.keys(peerDependencies)) expect(peerDependenciesMeta[peer]).toEqual({ optional: true })
  const imported = new Set<string>()
  for (const file of files.filter((name) => name.startsWith('dist/'))) {
    const code = await readFile(path.join(installed, file), 'utf8')
    for (const [, specifier = ''] of code.matchAll(/^(?! \*).*?(?:from|import) ?\(?['"]([^'"]+)['"]/gm)) {
      if (!specifier.startsWith('.'))
        imported.add(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        )
    }
  }
  expect([...imported].toSorted()).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).toSorted())
})

const program = `
import { Loqui, QuotaExceededError, toNodeStream, type Generation, type Voice } from '@loqui/sdk'
import { verifyWebhook } from '@loqui/sdk/webhooks'
const loqui = new Loqui({ baseUrl: 'http://localhost:3000', apiKey: 'loqui_live_…' })
const { items }: { items: Voice[] } = await loqui.voices.list({ gender: 'female' })
const speech = await loqui.speak({ text: 'Hello.', voiceId: items[0]!.id, format: 'opus', settings: { speed: 1.5 } })
const bytes: ArrayBuffer = await speech.arrayBuffer()
const stream: ReadableStream | null = speech.body
const generation: Generation = speech.generation
for await (const event of loqui.generations.watch(generation.id)) console.log(event.segments.done, bytes, stream)
for await (const { excerpt } of loqui.generations.list({ state: 'failed' })) console.log(excerpt)
const account = await loqui.trpc.auth.me.query()
console.log(account.email)
try { await loqui.generations.cancel('gen_1') } catch (error) {
  if (error instanceof QuotaExceededError && error.reason === 'quota_exceeded') console.log(error.requestId)
}
const sample = await loqui.samples.upload(new Blob([bytes]), {
  name: 'Ada',
  onProgress: ({ sentBytes, totalBytes }) => console.log(totalBytes === null ? sentBytes : sentBytes / totalBytes),
})
const { nonce, locale, version, text } = await loqui.consents.statement({ locale: 'de-AT' })
const consent = await loqui.consents.create({
  sampleIds: [sample.id],
  speaker: 'other',
  speakerName: text,
  nonce,
  locale,
  statementVersion: version,
  accepted: true,
})
const cloned = await loqui.voices.create({ name: 'Ada', sampleIds: [sample.id], consentId: consent.id })
await loqui.voices.update({ id: cloned.id, labels: { mood: 'calm' }, aliases: ['ada'] })
const { url }: { url: string } = await loqui.samples.link(sample.id, { expiresInSeconds: 60 })
const { url: mp3 } = await loqui.generations.link(generation.id, { format: 'mp3', download: true, timeoutMs: 1_000 })
for (const { reason, message } of sample.quality.advice) if (reason === 'short') console.log(message, url, mp3)
for (const source of ['./voice.wav', new URL('file:///voice.wav'), new File([], 'a.wav'), bytes, stream!]) {
  await loqui.samples.upload(source, { purpose: 'consent', idempotencyKey: 'monday' })
}
async function* pieces() { yield new Uint8Array(bytes) }
await loqui.samples.upload(pieces(), { name: 'pieces', signal: AbortSignal.timeout(1_000) })
const srt: string = await loqui.generations.captions(generation.id, 'srt')
const { segments: spoken } = await loqui.generations.captions(generation.id)
console.log(srt, spoken[0]?.words[0]?.estimated)
const { token }: { token: string } = await loqui.tokens.create({ scopes: ['generations:read'], expiresInSeconds: 60 })
new Loqui({ baseUrl: 'http://localhost:3000', token: async () => token, debug: ({ type }) => console.log(type) })
const { event } = await verifyWebhook<{ type: 'generation.succeeded' }>(new Request('http://localhost'), ['whsec_a'])
console.log(event.type)
const given: { pipe(): void } = toNodeStream(speech, { fromWeb: (body: ReadableStream) => ({ pipe: () => console.log(body) }) })
console.log(given)
// @ts-expect-error no token manages keys
loqui.tokens.create({ scopes: ['keys:write'] })
// @ts-expect-error no such format of captions
loqui.generations.captions('gen_1', 'ass')
// @ts-expect-error a key or a token is a string
new Loqui({ apiKey: 7 })
// @ts-expect-error no such option
new Loqui({ apikey: 'loqui_live_…' })
// @ts-expect-error pieces of text are no bytes
loqui.samples.upload((async function* () { yield 'text' })(), { name: 'text' })
// @ts-expect-error a number is no source
loqui.samples.upload(7)
// @ts-expect-error no such purpose
loqui.samples.upload('./voice.wav', { purpose: 'singing' })
// @ts-expect-error consent is given or it is not
loqui.consents.create({ sampleIds: [], speaker: 'self', speakerName: '', nonce, locale, statementVersion: version, accepted: false })
// @ts-expect-error no such language of a statement
loqui.consents.create({ sampleIds: [], speaker: 'self', speakerName: '', nonce, locale: 'ja', statementVersion: version, accepted: true })
// @ts-expect-error a voice is made from something
loqui.voices.create({ name: 'Ada' })
// @ts-expect-error which voice?
loqui.voices.update({ name: 'Ada' })
// @ts-expect-error no such kind
loqui.voices.list({ kind: 'borrowed' })
// @ts-expect-error no such field of a link
loqui.samples.link('smp_1', { format: 'mp3' })
// @ts-expect-error no such format
loqui.speak({ text: 'Hello.', voiceId: 'voi_1', format: 'midi' })
// @ts-expect-error no such field
loqui.generations.create({ text: 'Hello.', voiceId: 'voi_1', voise: 1 })
// @ts-expect-error no such procedure
loqui.trpc.generations.destroy.mutate({ id: 'gen_1' })
`

const reactProgram = `
import { Loqui } from '@loqui/sdk'
import { LoquiProvider, useGeneration, useSpeak, useSubscription, useTRPC } from '@loqui/sdk/react'
import { QueryClient, useQuery } from '@tanstack/react-query'
import { createElement } from 'react'
function Studio() {
  const trpc = useTRPC()
  const voices = useQuery(trpc.voices.list.queryOptions({ language: 'en' }))
  const name: string | undefined = voices.data?.items[0]?.name
  const reason = voices.error?.data?.reason
  // @ts-expect-error not one of the reasons
  const wrong = reason === 'out_of_luck'
  const generation = useGeneration('gen_1')
  const { speak, spoken } = useSpeak()
  const heard: string | undefined = spoken?.url
  // @ts-expect-error no such format
  if (heard === '') speak({ text: 'Hello.', voiceId: 'voi_1', format: 'midi' })
  useSubscription(trpc.events.subscriptionOptions({}, { onData: ({ data }) => console.log(data.generationId) }))
  return createElement('p', null, name, wrong, generation.data?.segments.done)
}
createElement(LoquiProvider, { loqui: new Loqui(), queryClient: new QueryClient(), children: createElement(Studio) })
`

test.each(['nodenext', 'bundler'])(
  'its types hold in a strict project without skipLibCheck, resolved as %s',
  async (resolution) => {
    await consumer.write({ 'consumer.ts': program, 'react.ts': reactProgram })
    const options = {
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      module: resolution === 'bundler' ? 'esnext' : resolution,
      moduleResolution: resolution,
    }
    expect(await consumer.typecheck(['consumer.ts', 'react.ts'], options)).toBe('')
  },
)

test('its types name nothing of the server, of Kysely or of Node', async () => {
  for (const file of files.filter((name) => name.endsWith('.d.ts'))) {
    const types = await readFile(path.join(installed, file), 'utf8')
    expect(types, file).not.toMatch(
      /kysely|node:|NodeJS|\bBuffer\b|@loqui\/(api|core|db|engines|audio|storage|server)/i,
    )
  }
})

test('what looks at packages finds nothing wrong with it', { timeout: 60_000 }, async () => {
  expect(await findLint(consumer.tarball)).toEqual([])
  expect(await judgeTypes(consumer.tarball)).toMatchObject({ good: true })
})

test('a page that speaks loads at most 20 kB for it, and nothing of uploads', async () => {
  const { bytes, first, complaints } = await bundlePage(directory, pages.speak.code)
  expect(complaints).toEqual([])
  expect(bytes).toBeLessThanOrEqual(pages.speak.most)
  expect(first.join()).not.toMatch(/upload|xhr/)
})

test('esbuild makes a page of it, too', async () => {
  await consumer.write({ 'entry.js': pages.speak.code })
  const { outputFiles, warnings } = await build({
    absWorkingDir: directory,
    entryPoints: ['entry.js'],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    splitting: true,
    minify: true,
    write: false,
    outdir: 'out',
  })
  expect(warnings).toEqual([])
  expect(outputFiles.find((file) => file.path.endsWith('entry.js'))?.text).toContain('loqui')
})

test('a page that uploads has nothing of Node in it', async () => {
  const { code, complaints } = await bundlePage(directory, pages.upload.code)
  expect(complaints).toEqual([])
  expect(code).toContain('multipart/form-data')
  expect(code).not.toMatch(/(import|from|require)\s*\(?\s*['"`]node:/)
})

test('a worker that only believes webhooks has nothing of the client in it', async () => {
  const { bytes, complaints } = await bundlePage(directory, pages.webhook.code)
  expect(complaints).toEqual([])
  expect(bytes).toBeLessThanOrEqual(pages.webhook.most)
})

test('what pages load without a bundler is one file', async () => {
  const code = await readFile(path.join(installed, 'dist/browser.js'), 'utf8')
  expect(code).not.toMatch(/^import |\bimport\s*\(|from\s*["']/m)
})

test('what is for React says that it is for clients', async () => {
  expect(await readFile(path.join(installed, 'dist/react.js'), 'utf8')).toMatch(/^'use client'/)
})

test.each([...(await findNodes())])('Node %s runs what the README shows', async (_version, node) => {
  for (const [readme, heading] of [
    [path.join(import.meta.dirname, '../README.md'), '@loqui/sdk'],
    [path.join(import.meta.dirname, '../../../README.md'), 'Speak'],
  ] as const) {
    const text = await readFile(readme, 'utf8')
    const section = text.slice(text.indexOf(`# ${heading}\n`))
    const [, example = ''] = /```ts\n(.*?)```/s.exec(section) ?? []
    const here = example
      .replace("'http://localhost:3000'", JSON.stringify(server.url))
      .replace(/'loqui_live_…'|process\.env\.LOQUI_API_KEY/, JSON.stringify(key))
    expect(here).not.toBe(example)
    // None of it is TypeScript's alone.
    await consumer.write({ 'readme.js': here })
    const { stdout, stderr } = await run(node, ['readme.js'], { cwd: directory })
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' })
  }
  expect((await readFile(path.join(directory, 'hello.wav'))).subarray(0, 4).toString()).toBe('RIFF')
  expect((await readFile(path.join(directory, 'hello.mp3'))).subarray(0, 3).toString()).toBe('ID3')
})
