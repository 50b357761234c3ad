import { Interruption } from './failure.ts'

/** A signal for Ctrl-C and its like. The second one is not waited for. */
export function onInterrupt(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const release = () => {
    for (const signal of signals) process.off(signal, interrupt)
  }
  function interrupt() {
    release()
    controller.abort(new Interruption())
  }
  for (const signal of signals) process.on(signal, interrupt)
  return { signal: controller.signal, [Symbol.dispose]: release }
}
