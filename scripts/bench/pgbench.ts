import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Part, StatementTemplate } from './template.ts'
import { belongings } from './users.ts'

/** Statements whose parameters have types: what `pg_prepared_statements` says of each. */
export interface TypedTemplate extends StatementTemplate {
  readonly types: readonly string[]
}

export interface PgbenchRun {
  readonly program: string
  readonly connectionString: string
  readonly statements: readonly TypedTemplate[]
  /** Where its script may be written. */
  readonly directory: string
  readonly clients: number
  readonly seconds: number
  /** One of users 1 to `users` at random makes each call. */
  readonly users: number
  readonly signal: AbortSignal
}

/** pgbench of this machine: in PATH, or where Debian and Homebrew keep what is not for everyone. Undefined without one. */
export function findPgbench(): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...globSync('/usr/lib/postgresql/*/bin'),
    ...globSync('/{opt/homebrew,usr/local}/opt/{postgresql*,libpq}/bin'),
  ]
  return folders.flatMap((folder) => globSync(join(folder, 'pgbench')))[0]
}

/** Runs the statements as one transaction script, prepared once per connection. @returns transactions per second. */
export async function runPgbench(run: PgbenchRun): Promise<{ perSecond: number; transactions: number }> {
  const { script, variables } = toScript(run.statements)
  const file = join(run.directory, `${Date.now()}.pgbench`)
  await writeFile(file, script)
  const url = new URL(run.connectionString)
  const password = decodeURIComponent(url.password)
  url.password = ''
  const { stdout } = await promisify(execFile)(
    run.program,
    [
      ['--no-vacuum', '--protocol=prepared', `--file=${file}`],
      [`--client=${run.clients}`, '--jobs=1', `--time=${Math.max(1, Math.round(run.seconds))}`],
      // Ids of this run follow those of earlier ones, as version 7 makes them: indexes grow at their end.
      [`--define=n=${Date.now()}`, `--define=users=${run.users}`],
      Object.entries(variables).map(([name, value]) => `--define=${name}=${value}`),
      [url.href],
    ].flat(),
    { env: { PATH: process.env.PATH, PGPASSWORD: password }, signal: run.signal },
  )
  const transactions = Number(/transactions actually processed: (\d+)/.exec(stdout)?.[1])
  const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1])
  if (!(perSecond > 0) || !/failed transactions: 0 /.test(stdout)) throw new Error(`pgbench failed:\n${stdout}`)
  return { perSecond, transactions }
}

/**
 * Parameters that are always the same stay parameters. The others become an expression over the user's number and a count
 * of calls, because pgbench draws numbers only; that takes microseconds, and comes off the baseline.
 */
function toScript(statements: readonly TypedTemplate[]): { script: string; variables: Record<string, string> } {
  const variables: Record<string, string> = {}
  const variable = (value: string) => {
    const name = `v${Object.keys(variables).length}`
    variables[name] = value
    return `:${name}`
  }
  const expression = (part: Part): string => {
    if ('always' in part) return `${variable(part.always)}::text`
    if ('of' in part) return belongings[part.of].sql
    if (part.fresh === 'key') return `('bench-' || :n::text || '-' || :client_id::text)`
    const number = part.number.toString(16).padStart(3, '0')
    return `(lpad(to_hex(:n::bigint), 12, '0') || '7${number}8000' || lpad(to_hex(:client_id::bigint), 12, '0'))::uuid::text`
  }
  const lines = statements.map(({ sql, params, types }) => {
    if (/(?<!:):[A-Za-z_]/.test(sql)) throw new Error(`pgbench would take a colon in this for a variable: ${sql}`)
    const values = params.map((parts, index) => {
      const type = types[index] ?? 'text'
      if (parts === null) return `null::${type}`
      const [first, ...more] = parts
      if (first && 'always' in first && more.length === 0) return `${variable(first.always)}::${type}`
      return `(${parts.map(expression).join(' || ') || variable('')})::${type}`
    })
    return `${sql.replace(/\$(\d+)/g, (_, number) => values[Number(number) - 1] ?? '')};`
  })
  return { script: ['\\set n :n + 1', '\\set u random(1, :users)', ...lines, ''].join('\n'), variables }
}
