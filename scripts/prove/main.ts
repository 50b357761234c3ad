import { parseArgs } from 'node:util'
import { openLoqui } from '@loqui/server/testing-loqui'
import { describeMachine, load, wasBusy } from '../bench/machine.ts'
import { columns } from '../columns.ts'
import { openDatabases } from '../databases.ts'
import { bounds } from './bounds.ts'
import { kill } from './kill.ts'
import { ledger } from './ledger.ts'
import { paid } from './paid.ts'
import type { Prove, Tried } from './proof.ts'
import { chaos } from './provider-chaos.ts'
import { outage } from './provider-outage.ts'
import { pause } from './provider-pause.ts'
import { switches } from './provider-switches.ts'
import { neighbours, races } from './racing.ts'
import { rates } from './rates.ts'
import { realtime } from './realtime.ts'

/**
 * `npm run prove [-- ledger kill …]`: tries at full length to make the meter wrong, subscribers miss something and a provider
 * be paid twice, on a PostgreSQL of its own and with real processes, and prints what was tried, how often, and what was broken
 * by it. The test suite has the short forms.
 */
const proofs = [ledger, bounds, rates, races, neighbours, realtime, kill, switches, outage, pause, chaos, paid]

const usage = `npm run prove -- [proofs] [options]

Proofs, all of them by default:
${proofs.map(({ id, what }) => `  ${id.padEnd(12)}${what}`).join('\n')}

  --quick         the short form of each
  --seed <n>      everything random follows from it; printed in any case
  --kills <n>     at each point (default 25; with --quick 1)
  --lanes <n>     kills tried side by side (default 8: most of a kill is waiting)
  --within <s>    what a kill must have converged in, for machines that are busy with something else (default 15)`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string' },
    kills: { type: 'string' },
    lanes: { type: 'string', default: '8' },
    within: { type: 'string', default: '15' },
    help: { type: 'boolean' },
  },
})
const unknown = positionals.filter((id) => !proofs.some((proof) => proof.id === id))
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const kills = Number(values.kills ?? (values.quick ? 1 : 25))
const lanes = Number(values.lanes)
const convergenceMs = Number(values.within) * 1_000

if (
  values.help ||
  unknown.length > 0 ||
  !Number.isInteger(seed) ||
  !(kills >= 1) ||
  !(lanes >= 1) ||
  !(convergenceMs > 0)
) {
  if (unknown.length > 0) console.error(`There is no proof ${unknown.join(', ')} here.\n`)
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

// Databases and processes end with this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

async function proveAll(): Promise<boolean> {
  const began = performance.now()
  const loadBefore = load()
  await using databases = await openDatabases()
  const prove: Prove = {
    quick: values.quick,
    seed,
    kills,
    lanes,
    convergenceMs,
    database: databases.create,
    loqui: openLoqui,
    log: (line) => console.log(line),
  }
  const tried: (Tried & { readonly id: string })[] = []
  for (const { id, what, run } of proofs) {
    if (positionals.length > 0 && !positionals.includes(id)) continue
    console.log(`${id}: ${what} …`)
    tried.push(...(await run(prove)).map((one) => ({ id, ...one })))
  }
  const broken = tried.flatMap(({ what, violations }) => violations.map((violation) => `${what}: ${violation}`))
  const lines = tried.map(({ id, what, times, of, violations, note }) => [
    id,
    what,
    `${times} ${of}`,
    String(violations.length),
    note ?? '',
  ])
  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  console.log(`\n${columns([['proof', 'what was tried', 'how often', 'violations', ''], ...lines])}`)
  const machine = describeMachine(databases.version, loadBefore)
  const { cores, cpu, system, node, postgres } = machine
  console.log(`\n${cores} cores (${cpu}), ${system}, Node ${node}, ${postgres}`)
  if (wasBusy(machine)) {
    console.log(
      `The machine was busy with other things before (load ${loadBefore.toFixed(1)}): what is late says little.`,
    )
  }
  console.log(`Seed ${seed}; ${minutes} minutes; ${broken.length} ${broken.length === 1 ? 'violation' : 'violations'}`)
  for (const violation of broken.slice(0, 20)) console.error(`\n${violation}`)
  return broken.length === 0
}

process.exit((await proveAll()) ? 0 : 1)
