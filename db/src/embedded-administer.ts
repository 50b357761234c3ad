import pg from 'pg'

/** Runs one statement outside any transaction, on a connection of its own: what `create database` and its kin ask for. */
export async function administer(connectionString: string, statement: string, values?: unknown[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    const { rows } = await client.query(statement, values)
    return rows
  } finally {
    await client.end()
  }
}
