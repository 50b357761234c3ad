import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from './client.ts'
import { administer } from './embedded-administer.ts'

/**
 * The role that Loqui's processes work under. It may read the ledger, and change it through the functions of
 * `functions/quota.sql` only, which run as their owner: no statement of ours can change an entry or a balance.
 *
 * A process that logs in as the owner takes the role on, and could lay it down again (`reset role`). One whose login is
 * nothing but a member of it could not, whatever it was made to say: see `openLogin`.
 */
export const appRole = 'loqui_app'

/** What `pg_has_role()` has to say of a role for `set role`: from PostgreSQL 16 on a member may lack it. */
export const mayTakeOn = `case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end`

/** Makes the role where that is allowed, and gives it what it needs of this database: run after every migration. */
export async function grantRights(db: Db): Promise<void> {
  const role = sql.raw(appRole)
  // PostgreSQL lets everybody call a new function, and these act with their owner's rights.
  await sql`
    do $$ declare f regprocedure; begin
      -- Whoever replaces them meanwhile, or does the same, writes to the same rows of the catalogue.
      perform pg_advisory_xact_lock(hashtextextended('loqui:functions', 0));
      for f in select oid from pg_proc where pronamespace = 'public'::regnamespace and prosecdef loop
        execute format('revoke execute on function %s from public', f);
      end loop;
    end $$
  `.execute(db)
  await sql`
    do $$ begin
      perform pg_advisory_xact_lock(hashtextextended('loqui:functions', 0));
      begin
        create role ${role} nologin;
      exception
        -- Roles are the cluster's: another database's Loqui may have made it, or be making it now.
        when duplicate_object or unique_violation then null;
        -- Then triggers alone keep the ledger, and the processes work as the tables' owner.
        when insufficient_privilege then
          if not exists (select from pg_roles where rolname = '${role}') then
            return;
          end if;
      end;
      -- Who makes a role may give it away, but not take it on before it is given to them.
      if not pg_has_role('${role}', ${sql.raw(mayTakeOn)}) then
        execute format('grant ${role} to %I', current_user);
      end if;
      grant usage on schema public, report, pgboss to ${role};
      grant select on all tables in schema public, report, pgboss to ${role};
      grant insert, update, delete on all tables in schema public, pgboss to ${role};
      grant usage, select, update on all sequences in schema public, pgboss to ${role};
      grant execute on all functions in schema public, report to ${role};
      revoke insert, update, delete, truncate on quota_account, quota_entry from ${role};
    exception when insufficient_privilege then
      -- Another owner's role, which this login may neither take on nor give.
      raise warning 'this login cannot work under ${role}: %', sqlerrm;
    end $$
  `.execute(db)
}

/** Of the processes, in a cluster that is Loqui's alone. */
const login = 'loqui_process'

/**
 * Gives the processes a login that is nothing but a member of their role, under a new password each time, so that it is
 * kept nowhere. Logins are the cluster's: this is for one that is Loqui's alone, once it is migrated.
 *
 * @param connectionString a superuser's.
 * @returns the same, with that login.
 */
export async function openLogin(connectionString: string): Promise<string> {
  const password = randomBytes(24).toString('base64url')
  await administer(
    connectionString,
    `do $$ begin create role ${login}; exception when duplicate_object then null; end $$;
    alter role ${login} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password '${password}';
    grant ${appRole} to ${login}`,
  )
  return Object.assign(new URL(connectionString), { username: login, password }).href
}
