import './report-cpu.preload.ts'
import { swap } from './swap.ts'

/** A server that has one procedure, which queries nothing. */
swap('apps/server/src/rpc.ts', '@loqui/api/router', 'echo-router.ts')
