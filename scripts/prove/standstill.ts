import type { Db } from '@loqui/db/client'
import { sql } from 'kysely'
import pg from 'pg'
import { until } from './until.ts'

/**
 * Where a transaction can be made to stand still: what row it must have written. It then stands at its commit, everything
 * said and nothing visible yet, until it is let go or undone.
 */
const places = {
  created: { on: 'insert on generation', when: 'true' },
  fetched: { on: 'update on pgboss.job', when: `new.state = 'active' and old.state <> 'active'` },
  claimed: { on: 'update on generation', when: 'new.attempt is distinct from old.attempt' },
  submitted: { on: 'insert or update on segment', when: `new.state = 'submitted'` },
  stored: { on: 'update on segment', when: `new.state = 'stored'` },
  succeeded: { on: 'update on generation', when: `new.state = 'succeeded' and old.state <> 'succeeded'` },
  completed: { on: 'update on pgboss.job', when: `new.state = 'completed'` },
  canceled: { on: 'update on generation', when: `new.state = 'canceled' and old.state <> 'canceled'` },
  requeued: { on: 'insert on pgboss.job', when: `new.state = 'created'` },
  purged: { on: 'update on generation', when: 'new.purged_at is not null and old.purged_at is null' },
  released: { on: 'update on attempt', when: `new.outcome = 'released'` },
  returned: { on: 'insert on pgboss.job', when: `new.state = 'retry'` },
  announced: { on: 'insert on provider_call', when: 'true' },
  accepted: { on: 'update on provider_call', when: 'new.provider_id is not null and old.provider_id is null' },
  called: { on: 'update on provider_call', when: `new.outcome = 'succeeded' and old.outcome is null` },
  reserved: { on: 'insert on upload', when: 'true' },
  kept: { on: 'insert on sample', when: 'true' },
} as const

export type Place = keyof typeof places

/** The class of the advisory locks that transactions stand at; the second number is the place's. */
const lockClass = 0x70726f76
const placeNumber = (place: Place) => Object.keys(places).indexOf(place)
const slowness = -1

/** Of one database: where its transactions stand still, and how slow its segments are. */
export interface Standstill extends AsyncDisposable {
  /** From now on, transactions that come to this place stand. */
  at(place: Place): Promise<Standing>
  /** From now on every writing of segments takes a second longer, so that a text takes as long as a test needs. */
  slowDown(): Promise<void>
  speedUp(): Promise<void>
}

export interface Standing {
  /** Waits until at least one transaction stands here. */
  reached(): Promise<void>
  /** Lets those that stand commit, and all that come later pass. Resolves when no transaction is left of who stood. */
  commit(): Promise<void>
  /** Undoes those that stand, by ending their connections. */
  rollback(): Promise<void>
}

/**
 * Prepares a database for standing still: deferred triggers, which only the owner of a database can make and no process of
 * Loqui knows of, take a shared lock at commit. Whoever holds it exclusively makes them stand. A process that is killed
 * meanwhile dies exactly between its last word to the database and the answer to it; whether what it asked for happens
 * is decided afterwards.
 */
export async function prepareStandstill(owner: Db, connectionString: string): Promise<Standstill> {
  await sql`
    create function stand_still() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(${sql.lit(lockClass)}, tg_argv[0]::int);
      return null;
    end $$;
    create function slow_down() returns trigger language plpgsql as $$
    begin
      if not pg_try_advisory_xact_lock_shared(${sql.lit(lockClass)}, ${sql.lit(slowness)}) then
        perform pg_sleep(1);
      end if;
      return null;
    end $$;
    create trigger slow_down after insert or update on segment for each statement execute function slow_down()
  `.execute(owner)
  for (const [place, { on, when }] of Object.entries(places)) {
    await sql`
      create constraint trigger ${sql.id(`stand_still_${place}`)} after ${sql.raw(on)} deferrable initially deferred
        for each row when (${sql.raw(when)}) execute function stand_still(${sql.lit(String(placeNumber(place as Place)))})
    `.execute(owner)
  }
  const holder = new pg.Client({ connectionString, application_name: 'loqui prove' })
  await holder.connect()

  const standing = async (place: Place): Promise<number[]> => {
    const { rows } = await holder.query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and not granted and classid = $1 and objid = $2
        and database = (select oid from pg_database where datname = current_database())`,
      [lockClass, placeNumber(place)],
    )
    return rows.map(({ pid }) => pid)
  }
  const gone = (pids: readonly number[]) =>
    until('the connections of the killed are gone', async () => {
      const { rowCount } = await holder.query('select from pg_stat_activity where pid = any($1)', [pids])
      return rowCount === 0
    })

  return {
    async at(place) {
      await holder.query('select pg_advisory_lock($1, $2)', [lockClass, placeNumber(place)])
      const letGo = () => holder.query('select pg_advisory_unlock($1, $2)', [lockClass, placeNumber(place)])
      return {
        reached: () => until(`a transaction is ${place}`, async () => (await standing(place)).length > 0),
        async commit() {
          const pids = await standing(place)
          await letGo()
          await gone(pids)
        },
        async rollback() {
          // One that was sent before the kill may come to stand only now.
          await until('nothing stands any more', async () => {
            const pids = await standing(place)
            await holder.query('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [pids])
            await gone(pids)
            return pids.length === 0
          })
          await letGo()
        },
      }
    },
    async slowDown() {
      await holder.query('select pg_advisory_lock($1, $2)', [lockClass, slowness])
    },
    async speedUp() {
      await holder.query('select pg_advisory_unlock($1, $2)', [lockClass, slowness])
    },
    [Symbol.asyncDispose]: () => holder.end(),
  }
}
