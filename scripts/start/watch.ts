import { watch } from 'node:fs'
import { join } from 'node:path'
import type { Log } from './log.ts'
import { root } from './root.ts'
import type { Service } from './supervise.ts'

/** Saving all files of an editor is one change. */
const SETTLE_MS = 200

/** Starts the services again when a source that they run changes. */
export function restartOnChange(services: readonly Service[], log: Log, signal: AbortSignal): void {
  let timer: NodeJS.Timeout | undefined
  for (const folder of ['db', 'packages', 'apps/server', 'apps/worker']) {
    watch(join(root, folder), { recursive: true, signal }, (_event, file) => {
      if (!file?.endsWith('.ts') || /node_modules|dist|\.test\.ts$/.test(file)) return
      clearTimeout(timer)
      timer = setTimeout(() => {
        log(`${join(folder, file)} changed`)
        for (const service of services) service.restart()
      }, SETTLE_MS)
    })
  }
}
