import { type Logger, pino } from 'pino'

/** Structured lines on standard output. What people say and what proves who they are never gets into them. */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: null,
    errorKey: 'error',
    redact: ['*.text', '*.password', '*.token', '*.authorization', '*.cookie', '*.connectionParams', '*.secret'],
  })
}
