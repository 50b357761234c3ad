import { type TestDatabase, testDatabase } from '@loqui/db/testing'
import { afterAll, afterEach, expect } from 'vitest'
import { type LoquiOptions, type LoquiProcesses, openLoqui } from './testing-loqui.ts'

export { client, finished, refusal } from './testing-client.ts'
export type { TestProcess, TestServer, TestUser } from './testing-loqui.ts'

/** A Loqui of a test file's own: database, directory, and real processes, all gone after the file. */
export interface TestLoqui extends TestDatabase, Omit<LoquiProcesses, 'close'> {}

/**
 * Starts servers and workers as they run for people. Call it at the top of a test file. A test fails when a process dies
 * that was not told to, when one writes to standard error or logs an error that `expectTrouble` does not wait for, and when
 * `report.violations()` is not empty after it.
 */
export async function startLoqui(options: LoquiOptions = {}): Promise<TestLoqui> {
  const database = await testDatabase()
  const loqui = await openLoqui(database, options)
  const expectNoTrouble = () => {
    const found = loqui.takeTrouble()
    expect(found.slice(0, 5), `what processes complained of, ${found.length} times`).toEqual([])
  }
  afterEach(expectNoTrouble)
  afterAll(async () => {
    const codes = await loqui.close()
    expect(
      codes.filter((code) => code !== 0),
      'exit codes after SIGTERM',
    ).toEqual([])
    expectNoTrouble()
  })
  // Not spread: `url` is that of the server which is the first one when it is asked for.
  return Object.create(loqui, Object.getOwnPropertyDescriptors(database)) as TestLoqui
}

/** Looks again and again until it is as expected; a machine that is busy with other tests gets the time it needs. */
export const eventually = <Value>(look: () => Value | Promise<Value>, timeoutMs = 15_000) =>
  expect.poll(look, { timeout: timeoutMs, interval: 20 })
