import type { Caller } from '../context.ts'
import { type Plan, toPlan } from './plan.ts'

/** Every plan, smallest first. */
export async function listPlans({ db }: Caller<'db'>): Promise<Plan[]> {
  const rows = await db.selectFrom('plan').selectAll().orderBy('seconds_per_month').orderBy('id').execute()
  return rows.map(toPlan)
}
