import type { Db } from '@loqui/db/client'

export async function planExists(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('plan').select('id').where('id', '=', id).executeTakeFirst()
  return row !== undefined
}

/** How many generations of one user run at once, by plan. */
export async function planConcurrency(db: Db): Promise<Record<string, number>> {
  const plans = await db.selectFrom('plan').select(['id', 'concurrency']).execute()
  return Object.fromEntries(plans.map(({ id, concurrency }) => [id, concurrency]))
}
