import type { Caller } from '../context.ts'

/** Removes previews that no row names any more. One that cannot be removed now is left to the sweep. */
export async function removePreviews(
  { storage, log }: Caller<'storage' | 'log'>,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return
  await storage.remove(keys).catch((error: unknown) => {
    log.warn({ error }, 'previews of a voice that is gone are left to the sweep')
  })
}
