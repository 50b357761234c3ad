import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from './start/root.ts'
import { turbo } from './start/turbo.ts'

/** `npm test`: builds what is published or served, then runs every test; arguments go to vitest. */
const { code } = await turbo(['run', 'build', '--output-logs=errors-only'], { inherit: true })
if (code === 0) {
  const vitest = spawn(join(root, 'node_modules/.bin/vitest'), ['run', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  })
  // A terminal's Ctrl-C reaches vitest too, which ends the run by itself; npm passes other signals to us alone.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => vitest.kill('SIGTERM'))
  vitest.on('close', (status) => {
    process.exitCode = status ?? 1
  })
} else {
  process.exitCode = code
}
