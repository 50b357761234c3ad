import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const sdk = path.join(import.meta.dirname, '..')
const tsc = path.join(sdk, '../../node_modules/.bin/tsc')

/** An empty project with the packed SDK and the packages it asks for. */
let project: string
const installed = () => path.join(project, 'node_modules/@loqui/sdk')
let files: string[]

beforeAll(async () => {
  project = await mkdtemp(path.join(tmpdir(), 'loqui-sdk-consumer-'))
  // What `npm test` has built is what is packed: a build here would pull it from under tests beside this one.
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], { cwd: sdk })
  const [tarball] = Object.values(
    JSON.parse(packed.stdout) as Record<string, { filename: string; files: { path: string }[] }>,
  )
  if (!tarball) throw new Error('npm packed nothing')
  files = tarball.files.map((file) => file.path)
  await mkdir(installed(), { recursive: true })
  const archive = path.join(project, path.basename(tarball.filename))
  await run('tar', ['-xzf', archive, '-C', installed(), '--strip-components=1'])
  const { dependencies, peerDependencies } = JSON.parse(await readFile(path.join(installed(), 'package.json'), 'utf8'))
  for (const name of [...Object.keys({ ...dependencies, ...peerDependencies }), '@types/react']) {
    const link = path.join(project, 'node_modules', name)
    await mkdir(path.dirname(link), { recursive: true })
    await symlink(await realpath(path.join(sdk, 'node_modules', name)), link)
  }
  await writeFile(path.join(project, 'package.json'), '{ "type": "module" }')
}, 60_000)

afterAll(() => rm(project, { recursive: true, force: true }))

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
  const manifest = JSON.parse(await readFile(path.join(installed(), 'package.json'), 'utf8'))
  const { dependencies, peerDependencies, peerDependenciesMeta } = manifest
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  for (const peer of Object.keys(peerDependencies)) expect(peerDependenciesMeta[peer]).toEqual({ optional: true })
  const imported = new Set<string>()
  for (const file of files.filter((name) => name.startsWith('dist/'))) {
    const code = await readFile(path.join(installed(), file), 'utf8')
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

const consumer = `
import { Loqui, QuotaExceededError, type Generation, type Voice } from '@loqui/sdk'
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

const reactConsumer = `
import { Loqui } from '@loqui/sdk'
import { LoquiProvider, useGeneration, useSubscription, useTRPC } from '@loqui/sdk/react'
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
  useSubscription(trpc.events.subscriptionOptions({}, { onData: ({ data }) => console.log(data.generationId) }))
  return createElement('p', null, name, wrong, generation.data?.segments.done)
}
createElement(LoquiProvider, { loqui: new Loqui(), queryClient: new QueryClient(), children: createElement(Studio) })
`

test.each(['nodenext', 'bundler'])(
  'its types hold in a strict project without skipLibCheck, resolved as %s',
  async (resolution) => {
    await writeFile(path.join(project, 'consumer.ts'), consumer)
    await writeFile(path.join(project, 'react.ts'), reactConsumer)
    await writeFile(
      path.join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          noEmit: true,
          target: 'es2023',
          lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
          module: resolution === 'bundler' ? 'esnext' : resolution,
          moduleResolution: resolution,
          types: [],
        },
        files: ['consumer.ts', 'react.ts'],
      }),
    )
    const { stdout } = await run(tsc, ['-p', project]).catch((error: { stdout: string }) => error)
    expect(stdout).toBe('')
  },
)

/** What is in the browser's way. */
async function bundle(code: string) {
  const input = path.join(project, 'page.js')
  await writeFile(input, code)
  const complaints: string[] = []
  const built = await rolldown({ input, platform: 'browser', onLog: (_level, { message }) => complaints.push(message) })
  const { output } = await built.generate({ format: 'es', minify: true })
  await built.close()
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])))
  const first = new Set<string>()
  const load = (name: string) => {
    if (first.has(name)) return
    first.add(name)
    for (const imported of chunks.get(name)?.imports ?? []) load(imported)
  }
  for (const chunk of chunks.values()) if (chunk.isEntry) load(chunk.fileName)
  const bytes = [...first].reduce((sum, name) => sum + gzipSync(chunks.get(name)?.code ?? '').length, 0)
  return { code: [...chunks.values()].map((chunk) => chunk.code).join('\n'), complaints, first: [...first], bytes }
}

test('a page that speaks loads at most 20 kB for it, and nothing of uploads', async () => {
  const { bytes, first, complaints } = await bundle(`
    import { Loqui } from '@loqui/sdk'
    const speech = await new Loqui().speak({ text: 'Hello.', voiceId: 'stella' })
    console.log(speech.body)`)
  expect(complaints).toEqual([])
  expect(bytes).toBeLessThanOrEqual(20_000)
  expect(first.join()).not.toMatch(/upload|xhr/)
})

test('a page that uploads has nothing of Node in it', async () => {
  const { code, complaints } = await bundle(`
    import { Loqui } from '@loqui/sdk'
    await new Loqui().samples.upload(new Blob([]))`)
  expect(complaints).toEqual([])
  expect(code).toContain('multipart/form-data')
  expect(code).not.toMatch(/(import|from|require)\s*\(?\s*['"`]node:/)
})

test('it loads', async () => {
  const program = `
    import { Loqui } from '@loqui/sdk'
    import { useTRPC } from '@loqui/sdk/react'
    console.log(new Loqui({ baseUrl: 'http://localhost:3000' }) instanceof Loqui, typeof useTRPC)`
  await writeFile(path.join(project, 'program.js'), program)
  expect((await run(process.execPath, [path.join(project, 'program.js')])).stdout.trim()).toBe('true function')
})
