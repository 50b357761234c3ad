import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { TypedTemplate } from './pgbench.ts'
import type { Part } from './template.ts'
import { belongings } from './users.ts'

/** In place of pgbench where there is none: bare node-postgres, one prepared statement after the other. */

export interface PgLoad {
  readonly connectionString: string
  readonly statements: readonly TypedTemplate[]
  readonly clients: number
  readonly seconds: number
  readonly users: number
}

export interface PgLoadAnswer {
  readonly perSecond: number
  readonly transactions: number
}

process.on('message', async (load: PgLoad) => process.send?.(await run(load)))
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })

async function run({ connectionString, statements, clients, seconds, users }: PgLoad): Promise<PgLoadAnswer> {
  const pool = await Promise.all(
    Array.from({ length: clients }, async () => {
      const client = new pg.Client({ connectionString })
      await client.connect()
      return client
    }),
  )
  let transactions = 0
  let over = false
  const started = performance.now()
  const work = pool.map(async (client) => {
    while (!over) {
      const user = 1 + Math.floor(Math.random() * users)
      const fresh = new Map<string, string>()
      for (const [index, { sql, params }] of statements.entries()) {
        const values = params.map((parts) => parts?.map((part) => fill(part, user, fresh)).join('') ?? null)
        await client.query({ name: `s${index}`, text: sql, values })
      }
      transactions++
    }
  })
  await Promise.race([delay(seconds * 1_000), ...work])
  over = true
  await Promise.all(work)
  const perSecond = (transactions * 1_000) / (performance.now() - started)
  await Promise.all(pool.map((client) => client.end()))
  return { perSecond, transactions }
}

function fill(part: Part, user: number, fresh: Map<string, string>): string {
  if ('always' in part) return part.always
  if ('of' in part) return belongings[part.of].of(user)
  const name = part.fresh === 'key' ? 'key' : `uuid ${part.number}`
  const value = fresh.get(name) ?? randomUUID()
  fresh.set(name, value)
  return value
}
