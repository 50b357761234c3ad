import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { isRunning } from './process.ts'
import { type Service, supervise } from './supervise.ts'

/** A service whose main file is `source`, what it logs, and the processes it has been. */
async function service(source: string): Promise<{ service: Service; lines: string[]; pids: number[]; entry: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'loqui-supervise-'))
  const entry = join(directory, 'main.mjs')
  await writeFile(entry, source)
  const lines: string[] = []
  const pids: number[] = []
  const started = supervise({
    name: 'dummy',
    entry,
    env: {},
    log: (line) => lines.push(line),
    onSpawn: (pid) => pids.push(pid),
  })
  onTestFinished(async () => {
    started.kill()
    await started.stop()
    await rm(directory, { recursive: true })
  })
  return { service: started, lines, pids, entry }
}

const RUNS =
  'process.send({ ready: true }); setInterval(() => {}, 1000); process.on("disconnect", () => process.exit());'
const waits = (lines: readonly string[]) => lines.flatMap((line) => /again in (.*) s/.exec(line)?.[1] ?? [])

test('one that keeps ending is started again after ever longer waits', async () => {
  const { service: crashing, lines } = await service('process.send({ ready: true }, () => process.exit(3))')
  await crashing.ready
  await vi.waitFor(() => expect(waits(lines)).toEqual(['0.2', '0.4', '0.8']), 10_000)
  expect(lines).toContain('ended (code 3); starting it again in 0.2 s')
})

test('one that ends before it was ever ready is not tried again, and what it said is in the log', async () => {
  const { service: broken, lines, pids } = await service('console.error("no such voice"); process.exit(1)')
  await expect(broken.ready).rejects.toThrow('The dummy could not start (code 1)')
  expect(lines).toContain('no such voice')
  expect(pids).toHaveLength(1)
})

test('a stop lets it finish what it has in hand, and it is not started again', async () => {
  const {
    service: busy,
    lines,
    pids,
  } = await service(
    `process.on('SIGTERM', () => setTimeout(() => { console.log('finished'); process.exit() }, 200)); ${RUNS}`,
  )
  await busy.ready
  await busy.stop()
  expect(lines.at(-1)).toBe('finished')
  expect(pids).toHaveLength(1)
})

test('a stop while it waits to be started again does not start it', async () => {
  const { service: crashing, lines, pids } = await service('process.send({ ready: true }, () => process.exit(3))')
  await vi.waitFor(() => expect(waits(lines)).toHaveLength(2), 10_000)
  await crashing.stop()
  expect(pids).toHaveLength(2)
})

test('one that does not listen can be killed', async () => {
  const { service: deaf, pids, entry } = await service(`process.on('SIGTERM', () => {}); ${RUNS}`)
  await deaf.ready
  deaf.kill()
  await deaf.stop()
  expect(await isRunning({ pid: pids[0]!, command: entry })).toBe(false)
})

test('a restart ends the present process and starts the next at once', async () => {
  const { service: running, lines, pids } = await service(RUNS)
  await running.ready
  running.restart()
  await vi.waitFor(() => expect(lines.filter((line) => line.startsWith('ready'))).toHaveLength(2), 10_000)
  expect(lines).toContain('ended (SIGTERM); starting it again')
  expect(pids).toHaveLength(2)
})
