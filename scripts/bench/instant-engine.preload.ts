import { swap } from './swap.ts'

/** A worker whose engine takes no time. */
swap('apps/worker/src/main.ts', '@loqui/engines/offline/engine', 'instant-engine.ts')
