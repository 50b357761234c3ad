import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../start/root.ts'
import type { Verdict } from './report.ts'

const run = promisify(execFile)

/** Those that run what people run with a part of it swapped; the others go through the same, and a test may not take that long. */
const goals = ['P1', 'P5', 'P6', 'P7', 'P8', 'P13', 'P14']

test('what measures the goals runs, and finds the books in order afterwards', { timeout: 300_000 }, async ({
  signal,
}) => {
  const directory = await mkdtemp(join(tmpdir(), `loqui-test-${process.pid}-smoke-`))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const out = join(directory, 'figures.json')
  await run(process.execPath, ['scripts/bench/main.ts', ...goals, '--smoke', '--out', out], { cwd: root, signal })
  const { verdicts }: { verdicts: Verdict[] } = JSON.parse(await readFile(out, 'utf8'))
  expect([...new Set(verdicts.map(({ id }) => id.split(' ')[0]))]).toEqual(goals)
  // What is no number, JSON says as null. How fast it was is no business of a test's.
  for (const { id, ratio } of verdicts) expect(ratio.median, id).toEqual(expect.any(Number))
})
