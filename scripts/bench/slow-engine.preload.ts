import { swap } from './swap.ts'

/** A server and a worker whose engine is a provider that takes two seconds. */
for (const app of ['server', 'worker']) {
  swap(`apps/${app}/src/main.ts`, '@loqui/engines/offline/engine', 'slow-engine.ts')
}
