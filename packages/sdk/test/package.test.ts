import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
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

test('it loads', async () => {
  const program = `
    import { Loqui } from '@loqui/sdk'
    import { useTRPC } from '@loqui/sdk/react'
    console.log(new Loqui({ baseUrl: 'http://localhost:3000' }) instanceof Loqui, typeof useTRPC)`
  await writeFile(path.join(project, 'program.js'), program)
  expect((await run(process.execPath, [path.join(project, 'program.js')])).stdout.trim()).toBe('true function')
})
