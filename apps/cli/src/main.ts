#!/usr/bin/env node
import { judge } from './failure.ts'
import { createProgram } from './program.ts'

const program = createProgram()

function fail(error: unknown): void {
  const { exitCode, message } = judge(error, program.opts().json ?? false)
  if (message !== null) process.stderr.write(`${message}\n`)
  process.exitCode = exitCode
}

// Whoever reads may go before everything is written, as `head` does; nothing that is written later reaches anyone.
process.stdout.on('error', (error) => {
  fail(error)
  process.exit()
})
try {
  await program.parseAsync()
} catch (error) {
  fail(error)
}
