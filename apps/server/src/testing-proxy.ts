import { afterAll } from 'vitest'
import { type CuttableProxy, openProxy } from './testing-cut.ts'

/** A proxy that is gone after the test file. */
export async function startProxy(target: string): Promise<CuttableProxy> {
  const proxy = await openProxy(target)
  afterAll(() => proxy.close())
  return proxy
}
