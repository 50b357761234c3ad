import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { root } from './start/root.ts'

/** An `npx` that notes what it is asked and leaves what an installation leaves. */
const NPX = `#!/bin/sh
echo "$@" >> "$ROOT/calls"
[ -e "$ROOT/offline" ] && echo "no network" >&2 && exit 1
sleep 0.5
mkdir -p "$ROOT/node_modules/.bin" && touch "$ROOT/node_modules/.bin/node"
`

async function workspace(): Promise<{
  path: string
  setup: () => Promise<{ code: number; output: string }>
  calls: () => Promise<string[]>
}> {
  const path = await mkdtemp(join(tmpdir(), 'loqui-setup-'))
  onTestFinished(() => rm(path, { recursive: true }))
  await mkdir(join(path, 'apps/one'), { recursive: true })
  await mkdir(join(path, 'packages'))
  await mkdir(join(path, 'bin'))
  await writeFile(join(path, 'package.json'), '{ "type": "module", "packageManager": "pnpm@1.2.3" }')
  await writeFile(join(path, 'apps/one/package.json'), '{}')
  await writeFile(join(path, 'pnpm-lock.yaml'), 'first')
  await writeFile(join(path, 'bin/npx'), NPX)
  await chmod(join(path, 'bin/npx'), 0o755)
  for (const file of ['setup.mjs', 'pnpm.mjs']) await cp(join(root, 'scripts', file), join(path, 'scripts', file))
  const setup = async () => {
    const child = spawn(process.execPath, [join(path, 'scripts/setup.mjs')], {
      env: { ROOT: path, PATH: [join(path, 'bin'), '/usr/bin', '/bin', dirname(process.execPath)].join(delimiter) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code, output: output + errors }
  }
  const calls = async () => (await readFile(join(path, 'calls'), 'utf8')).trim().split('\n')
  return { path, setup, calls }
}

test('the pinned pnpm installs what the lockfile names, without a question', async () => {
  const { setup, calls } = await workspace()
  expect(await setup()).toMatchObject({ code: 0, output: 'Installing packages …\n' })
  expect(await calls()).toEqual([
    '--yes --quiet pnpm@1.2.3 install --frozen-lockfile --config.confirm-modules-purge=false',
  ])
})

test('nothing is done twice, so that a second start needs no network', async () => {
  const { setup, calls } = await workspace()
  await setup()
  expect(await setup()).toEqual({ code: 0, output: '' })
  expect(await calls()).toHaveLength(1)
})

test.each(['pnpm-lock.yaml', 'package.json', 'apps/one/package.json'])('a changed %s is installed', async (file) => {
  const { path, setup, calls } = await workspace()
  await setup()
  const before = await readFile(join(path, file), 'utf8')
  await writeFile(join(path, file), `${before}\n`)
  await setup()
  expect(await calls()).toHaveLength(2)
})

test('an installation that fails is said, and tried again', async () => {
  const { path, setup, calls } = await workspace()
  await writeFile(join(path, 'offline'), '')
  const { code, output } = await setup()
  expect(code).toBe(1)
  expect(output).toMatch(/no network\nThe packages could not be installed/)
  await rm(join(path, 'offline'))
  expect(await setup()).toMatchObject({ code: 0 })
  expect(await calls()).toHaveLength(2)
})

test('of two at once one installs and the other waits for it', async () => {
  const { setup, calls } = await workspace()
  const outcomes = await Promise.all([setup(), setup()])
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0])
  expect(outcomes.map(({ output }) => output).toSorted()).toEqual([
    'Installing packages …\n',
    'Waiting for another setup of this folder to end …\n',
  ])
  expect(await calls()).toHaveLength(1)
})

test('one that was killed keeps nobody waiting', async () => {
  const { path, setup } = await workspace()
  await mkdir(join(path, 'node_modules'))
  const dead = spawn('true')
  await once(dead, 'close')
  await writeFile(join(path, 'node_modules/.loqui-setup.lock'), String(dead.pid))
  expect(await setup()).toMatchObject({ code: 0, output: 'Installing packages …\n' })
})
