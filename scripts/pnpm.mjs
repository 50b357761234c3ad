// The pinned pnpm, on machines that need not have one: npx fetches it once.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
// npm runs on the machine's own Node, for which it was made: ours may be newer than it knows.
const path = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
const child = spawn('npx', ['--yes', '--quiet', packageManager, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, PATH: path.join(delimiter) },
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(`npx could not be run (${error.message}): Loqui needs Node with npm.`)
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0)
})
