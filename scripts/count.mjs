// The last line of .ci/run: "N passed, N failed" from vitest's JSON. A run that ended badly never counts as passed.
import { readFileSync } from 'node:fs'

const [file, status] = process.argv.slice(2)
const results = read(file)
const passed = results?.numPassedTests ?? 0
const failed = results?.numFailedTests ?? 0
const broken = status !== '0' && failed === 0 ? 1 : 0
console.log(`${passed} passed, ${failed + broken} failed`)
process.exitCode = failed + broken > 0 || passed === 0 ? 1 : 0

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
