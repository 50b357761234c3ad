import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Looks again and again until something is so.
 *
 * @param so what is waited for, as a sentence.
 * @param timeoutMs default 30,000.
 * @throws Error when it is not so in time.
 */
export async function until(so: string, look: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${so}`)
    await sleep(50)
  }
}
