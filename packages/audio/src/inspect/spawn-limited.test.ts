import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { platform, tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { ended, spawnLimited } from './spawn-limited.ts'

const plenty = { cpuSeconds: 60, bytes: 2 ** 32 }

async function run(script: string, limits = plenty) {
  const child = spawnLimited(process.execPath, ['-e', script], limits, ['ignore', 'pipe', 'ignore'])
  const [end, output] = await Promise.all([ended(child), child.stdout ? buffer(child.stdout) : ''])
  return { ...end, output: String(output) }
}

test('a process has no environment and stands nowhere in particular', async () => {
  const { code, output } = await run('console.log(JSON.stringify([Object.keys(process.env), process.cwd()]))')
  expect(code).toBe(0)
  const [variables, directory] = JSON.parse(output)
  expect(variables.filter((name: string) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))).toEqual([])
  expect(directory).toBe('/')
})

describe.skipIf(platform() !== 'linux')('on Linux the kernel ends a process', () => {
  test('that uses up its time', async () => {
    expect((await run('for (;;);', { ...plenty, cpuSeconds: 1 })).killedBy).toMatch(/^SIG(XCPU|KILL)$/)
  })

  test('that takes more memory than it may have', async () => {
    const { code, killedBy } = await run('Buffer.alloc(2 ** 30, 1); console.log("taken")', {
      ...plenty,
      bytes: 2 ** 29 + 768 * 2 ** 20,
    })
    expect(killedBy ?? code).not.toBe(0)
  })

  test('that writes into a file, of which there is nothing then', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'loqui-test-limited-'))
    const file = path.join(directory, 'file')
    const { code, killedBy } = await run(`fs.writeFileSync(${JSON.stringify(file)}, 'x')`)
    expect(killedBy ?? code).not.toBe(0)
    expect((await readFile(file)).length).toBe(0)
    await rm(directory, { recursive: true })
  })
})

test('a program that is not there has an end of its own', async () => {
  const { error, code } = await ended(spawnLimited('/nowhere', [], plenty, 'ignore'))
  expect(error === undefined ? code : 127).toBe(127)
})
