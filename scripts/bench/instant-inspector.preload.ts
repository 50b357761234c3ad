import './watch.preload.ts'
import { swap } from './swap.ts'

/** A server whose inspector takes no time. */
swap('apps/server/src/main.ts', '@loqui/audio/inspect/create', 'instant-inspector.ts')
