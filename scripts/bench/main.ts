import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../start/root.ts'
import { openBench } from './bench.ts'
import { create } from './create.ts'
import { download } from './download.ts'
import { events } from './events.ts'
import { fanOut } from './fan-out.ts'
import type { Result } from './goal.ts'
import { inFlight } from './in-flight.ts'
import { longText } from './long-text.ts'
import { describeMachine, load } from './machine.ts'
import { judge, table } from './report.ts'
import { rpc } from './rpc.ts'
import { sdk } from './sdk.ts'
import { silent } from './silent.ts'
import { startLatency } from './start-latency.ts'
import { throughput } from './throughput.ts'
import { upload } from './upload.ts'

/**
 * `npm run bench [-- P1 P5 …]`: measures the goals of performance, each as a ratio to a bare baseline that takes turns with
 * ours in the same run, because absolute figures say more about a machine than about Loqui. Prints a table and keeps all
 * figures as JSON.
 */
const usage = `npm run bench -- [goals] [options]

Goals: P1 P2 P5 P6 P7 P8 P9 P10 P11 P13 P14 P15 P16 EVENTS SILENT; all of them by default.
  --quick            short rounds, for a look
  --smoke            one round, as short as can be: whether it still runs
  --rounds <n>       counted rounds (default 5)
  --seconds <n>      length of one turn (default 5)
  --out <file>       where the figures go (default bench-results/<time>.json)
  --profile <folder> servers and workers write their CPU profiles there`

const measurements = [
  create,
  rpc,
  startLatency,
  throughput,
  inFlight,
  fanOut,
  events,
  silent,
  upload,
  download,
  longText,
  sdk,
]

/** Just-in-time compilers and pools are done with most of what they do after ten seconds. */
const lengths = {
  full: { rounds: 5, seconds: 5, scale: 1, warmUpSeconds: 10 },
  quick: { rounds: 3, seconds: 2, scale: 0.2, warmUpSeconds: 10 },
  smoke: { rounds: 1, seconds: 0.1, scale: 0.02, warmUpSeconds: 0 },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    out: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const all = measurements.flatMap(({ ids }) => ids)
const ids = positionals.length > 0 ? positionals.map((id) => id.toUpperCase()) : all
const length = lengths[values.smoke ? 'smoke' : values.quick ? 'quick' : 'full']
const rounds = Number(values.rounds ?? length.rounds)
const seconds = Number(values.seconds ?? length.seconds)
const unknown = ids.filter((id) => !all.includes(id))

if (values.help || unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1 || !(seconds > 0)) {
  if (unknown.length > 0) console.error(`There is no goal ${unknown.join(', ')} here.\n`)
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
const stopped = new Promise<never>((_, reject) => {
  stop.signal.addEventListener('abort', () => reject(new Error('stopped')))
})

async function bench(): Promise<void> {
  const startedAt = new Date()
  const loadBefore = load()
  await using running = await openBench({
    ...length,
    rounds,
    seconds,
    profile: values.profile === undefined ? undefined : resolve(values.profile),
    signal: stop.signal,
    log: (line) => console.log(line),
  })
  const machine = describeMachine(running.postgres, loadBefore)
  const results: Result[] = []
  for (const measurement of measurements) {
    const wanted = measurement.ids.filter((id) => ids.includes(id))
    if (wanted.length === 0) continue
    console.log(`${wanted.join(', ')} …`)
    results.push(...(await Promise.race([measurement.run(running, wanted), stopped])))
  }
  const verdicts = results.map(judge)
  const file = resolve(
    values.out ?? join(root, 'bench-results', `${startedAt.toISOString().replaceAll(':', '-')}.json`),
  )
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify({ startedAt, machine, rounds, seconds, verdicts }, null, 2)}\n`)
  console.log(`\n${table(verdicts, machine, rounds)}\n\nAll figures: ${file}`)
}

try {
  await bench()
} catch (error) {
  if (stop.signal.aborted) process.exit(130)
  console.error(error)
  process.exit(1)
}
process.exit(0)
