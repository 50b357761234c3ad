import { swap } from './swap.ts'

/** A worker whose work is to say that it has begun. */
swap('apps/worker/src/handlers.ts', '@loqui/core/generations/run', 'start-probe.ts')
