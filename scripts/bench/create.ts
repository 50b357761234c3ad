import { randomUUID } from 'node:crypto'
import { wireId } from '@loqui/core/ids'
import { administer } from '@loqui/db/embedded-administer'
import { sql } from 'kysely'
import pg from 'pg'
import type { Bench, BenchDatabase } from './bench.ts'
import type { Measurement, Result } from './goal.ts'
import { converse, type Load, type LoadAnswer } from './load.ts'
import type { PgLoad, PgLoadAnswer } from './pg-load.child.ts'
import { findPgbench, runPgbench, type TypedTemplate } from './pgbench.ts'
import { interleave } from './rounds.ts'
import { makeTemplate, type Sample } from './template.ts'
import { apiKey, makeUsers } from './users.ts'
import { openWire, type Wire } from './wire.ts'

const spreadUsers = 10_000
/** Of the load generator and of pgbench alike. */
const clients = 16
const text = 'The quick brown fox jumps over the lazy dog while the meter counts every second of it.'

/**
 * P1 and P2 of the goals: `generations.create` through one server process over HTTP, with an API key and an
 * Idempotency-Key, every wall on, against pgbench running the same SQL. P1 spreads the calls over 10,000 users, P2 makes
 * them all in the name of one, whose balance is a row that all of them change.
 *
 * **Ours** is creates per second that were answered 200, sent over 16 connections by a process of its own.
 *
 * **The baseline** is transactions per second of pgbench with 16 connections and prepared statements, which is as fast as
 * PostgreSQL on this machine does that work: no HTTP, no JSON, no JavaScript, one small C program. What it runs is not
 * written down here but caught on the wire between a real server and its database while it answers a create, so it is
 * always what the server sends. Two things are left out of both: the note of a key's last use, written once a minute and not
 * waited for; and out of the baseline alone, the hint after the commit, of which there is one for many creates. Without pgbench
 * on the machine a bare node-postgres client takes its place, which is slower, so that a ratio says less.
 *
 * Every round ends by counting that exactly as many generations were made as either side says.
 */
export const create: Measurement = {
  ids: ['P1', 'P2'],
  async run(bench, ids) {
    const database = await bench.database()
    await makeUsers(database.db, spreadUsers)
    const { statements, input } = await capture(bench, database)
    bench.log(`  a create sends ${statements.length} statements:`)
    for (const statement of statements) bench.log(`    ${statement.sql.replaceAll(/\s+/g, ' ').trim().slice(0, 160)}`)

    const server = await bench.startServer(database.connectionString)
    const load = await bench.startChild('load')
    const bare = await openBaseline(bench, { connectionString: database.connectionString, statements, clients })
    const measure = async (users: number) => {
      const milliseconds: Pick<LoadAnswer, 'p50' | 'p99'>[] = []
      const rounds = await interleave(bench, {
        ours: (seconds) =>
          counting(database, async () => {
            const { port } = server
            const order: Load = { port, connections: clients, seconds, send: { kind: 'create', users, input } }
            const { perSecond, requests, p50, p99 } = (await load.ask(order)) as LoadAnswer
            milliseconds.push({ p50, p99 })
            return { perSecond, made: requests }
          }),
        baseline: (seconds) => counting(database, () => bare.run(users, seconds)),
      })
      return { rounds, details: { statements: statements.map(({ sql }) => sql), milliseconds: milliseconds.slice(1) } }
    }
    const common = {
      unit: 'creates/s',
      baseline: `${bare.name}, same SQL`,
    }
    const results: Result[] = []
    if (ids.includes('P1')) {
      const what = 'generations.create, users spread'
      results.push({ id: 'P1', what, ...common, goal: { atLeast: 0.5 }, ...(await measure(spreadUsers)) })
    }
    if (ids.includes('P2')) {
      const what = 'generations.create, one hot user'
      results.push({ id: 'P2', what, ...common, goal: { atLeast: 0.8 }, ...(await measure(1)) })
    }
    await database.assertSound()
    await server.end('SIGTERM')
    return results
  },
}

interface Made {
  readonly perSecond: number
  readonly made: number
}

/** What runs the statements bare: pgbench, or node-postgres where there is none. */
async function openBaseline(bench: Bench, work: Pick<PgLoad, 'connectionString' | 'statements' | 'clients'>) {
  const { directory, signal } = bench
  const program = findPgbench()
  if (program !== undefined) {
    const run = async (users: number, seconds: number): Promise<Made> => {
      const { perSecond, transactions } = await runPgbench({ ...work, program, users, seconds, directory, signal })
      return { perSecond, made: transactions }
    }
    return { name: 'pgbench', run }
  }
  const child = await bench.startChild('pg-load')
  const run = async (users: number, seconds: number): Promise<Made> => {
    const order: PgLoad = { ...work, users, seconds }
    const { perSecond, transactions } = (await child.ask(order)) as PgLoadAnswer
    return { perSecond, made: transactions }
  }
  return { name: 'pg, as no pgbench is here', run }
}

/** Answers what `run` measured, after seeing that the database holds as many new generations as it says it made. */
async function counting({ connectionString, db }: BenchDatabase, run: () => Promise<Made>): Promise<number> {
  const count = async () => {
    const { count } = await db
      .selectFrom('generation')
      .select(sql<number>`count(*)`.as('count'))
      .executeTakeFirstOrThrow()
    return count
  }
  // Else a round would pay for what another one wrote.
  await administer(connectionString, 'checkpoint')
  const before = await count()
  const { perSecond, made } = await run()
  const found = (await count()) - before
  if (found !== made) throw new Error(`${made} creates were reported, and ${found} generations were made`)
  return perSecond
}

/** Lets a server answer a create of two users, and makes of what it sends to the database what it sends for anyone. */
async function capture(bench: Bench, { connectionString, db }: BenchDatabase) {
  await using wire = await openWire(connectionString)
  const server = await bench.startServer(wire.connectionString)
  const voice = await db.selectFrom('voice').select('id').where('available', '=', true).executeTakeFirstOrThrow()
  const input = { text, voiceId: wireId('voice', voice.id), format: 'wav' }
  const sample = (user: number) => captureOne(wire, server.port, user, input)
  // What only a first call does, of the process or of the user, is not what a call does.
  for (const user of [1, 2]) await sample(user)
  const template = makeTemplate(await sample(1), await sample(2))
  await server.end('SIGTERM')
  const statements: TypedTemplate[] = []
  for (const statement of template)
    statements.push({ ...statement, types: await typesOf(connectionString, statement.sql) })
  return { statements, input }
}

async function captureOne(wire: Wire, port: number, user: number, input: object): Promise<Sample> {
  const idempotencyKey = randomUUID()
  const body = JSON.stringify({ json: input })
  const head = [
    'POST /trpc/generations.create HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${apiKey(user)}`,
    `Idempotency-Key: ${idempotencyKey}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  wire.take()
  const requests = [`${head.join('\r\n')}\r\n\r\n${body}`]
  await converse(
    port,
    () => requests.shift(),
    () => undefined,
  )
  const statements = wire.take().filter(({ sql }) => !notOfTheCall.test(sql))
  return { user, idempotencyKey, statements }
}

/** Hints, which go out after a call, and what a connection begins with, which may open during one. */
const notOfTheCall = /\bpg_notify\b|^(un)?listen\b|set_config\('default_transaction_isolation'/i

/** The types PostgreSQL gives a statement's parameters. */
async function typesOf(connectionString: string, statement: string): Promise<string[]> {
  if (!statement.includes('$1')) return []
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(`prepare statement as ${statement}`)
    const { rows } = await client.query('select parameter_types::text[] as types from pg_prepared_statements')
    return rows[0].types
  } finally {
    await client.end()
  }
}
