#!/usr/bin/env node
import { judge } from './failure.ts'
import { createProgram } from './program.ts'

const program = createProgram()
try {
  await program.parseAsync()
} catch (error) {
  const { exitCode, message } = judge(error, program.opts().json ?? false)
  if (message !== null) process.stderr.write(`${message}\n`)
  process.exitCode = exitCode
}
