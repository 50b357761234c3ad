import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { shells } from './completion.ts'
import { createProgram } from './program.ts'

afterEach(() => vi.restoreAllMocks())

async function print(shell: string): Promise<string> {
  const written: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  await createProgram().parseAsync(['completion', shell], { from: 'user' })
  vi.restoreAllMocks()
  return written.join('')
}

/** Where a shell is, if it is on this machine. */
const find = (shell: string) =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, shell))
    .find((file) => existsSync(file))

test.each(shells)('%s is told every command', async (shell) => {
  const script = await print(shell)
  for (const word of ['say', 'library', 'captions', 'config', 'completion', 'keys', 'revoke', 'refund']) {
    expect(script).toContain(word)
  }
})

test.each(shells.filter((shell) => find(shell)))('%s takes what it is told', async (shell) => {
  execFileSync(String(find(shell)), ['-n'], { input: await print(shell) })
})

describe.skipIf(!find('bash'))('bash offers', () => {
  const offered = async (...words: string[]) => {
    const line = ['loqui', ...words].map((word) => `'${word}'`).join(' ')
    const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _loqui; printf '%s\\n' "\${COMPREPLY[@]}"`
    const input = `${await print('bash')}\n${ask}\n`
    return execFileSync(String(find('bash')), [], { input, encoding: 'utf8' })
      .split('\n')
      .filter((word) => word !== '')
  }

  test.each([
    [['sa'], ['say', 'samples']],
    [['keys', ''], expect.arrayContaining(['create', 'list', 'revoke', '--json'])],
    [
      ['library', 'd'],
      ['download', 'delete'],
    ],
    [
      ['--json', 'admin', 'pl'],
      ['plan', 'plans'],
    ],
    [['say', '--fo'], ['--format']],
    [['say', '--format', 'm'], ['mp3']],
    [['say', 'keys', 'create', '--sc'], []],
    [
      ['keys', 'create', 'newsletter', '--scope', 'gen'],
      ['generations:read', 'generations:write'],
    ],
    [['completion', ''], expect.arrayContaining(['bash', 'zsh', 'fish'])],
    [['config', 'set', 'a'], ['apiKey']],
  ] as const)('after %j %j', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected)
  })
})
