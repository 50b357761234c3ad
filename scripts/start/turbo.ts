import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from './root.ts'

/**
 * Runs turbo, which does nothing for a package whose sources have not changed; answers its exit code and what it said.
 * `inherit` lets it write to the terminal instead.
 */
export async function turbo(
  args: readonly string[],
  { inherit = false, signal }: { readonly inherit?: boolean; readonly signal?: AbortSignal } = {},
): Promise<{ code: number; output: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number; output: string }>()
  const child = spawn(join(root, 'node_modules/.bin/turbo'), args, {
    cwd: root,
    // It finds the pinned pnpm in scripts/bin.
    env: {
      ...process.env,
      PATH: [join(root, 'scripts/bin'), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      TURBO_TELEMETRY_DISABLED: '1',
      TURBO_NO_UPDATE_NOTIFIER: '1',
    },
    stdio: inherit ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal, killSignal: 'SIGTERM' }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  child.once('error', reject)
  child.once('close', (code) => resolve({ code: code ?? 1, output }))
  return promise
}
