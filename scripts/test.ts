import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from './start/root.ts'
import { turbo } from './start/turbo.ts'

/**
 * `npm test`: builds what is published or served, holds the sources to the rules, then runs every test. Arguments go to
 * vitest; with one that names files the rules are left out.
 */
const args = process.argv.slice(2)
const some = args.some((arg) => !arg.startsWith('-'))

let running: ReturnType<typeof spawn> | undefined
// A terminal's Ctrl-C reaches what runs too, which ends by itself; npm passes other signals to us alone.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => running?.kill('SIGTERM'))

const run = (command: string, ...rest: string[]) =>
  new Promise<number>((resolve) => {
    running = spawn(join(root, 'node_modules/.bin', command), rest, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) },
    })
    running.on('close', (status) => resolve(status ?? 1))
  })

const rules = [
  () => run('biome', 'check', '--diagnostic-level=warn', '.'),
  () => run('knip', '--no-progress'),
  () => run('node', 'scripts/check-docs.ts'),
  () => run('tsc', '-p', '.'),
  async () => (await turbo(['run', 'typecheck', '--output-logs=errors-only'], { inherit: true })).code,
]

async function test(): Promise<number> {
  const build = await turbo(['run', 'build', '--output-logs=errors-only'], { inherit: true })
  if (build.code !== 0) return build.code
  for (const rule of some ? [] : rules) {
    const code = await rule()
    if (code !== 0) return code
  }
  return run('vitest', 'run', ...args)
}

process.exitCode = await test()
