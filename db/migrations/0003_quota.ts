import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`

    -- The balance is a cache of the entries, and its CHECK the second wall behind the lock.
    create table quota_account (
      user_id uuid not null references account on delete cascade,
      period_start timestamptz not null,
      period_end timestamptz not null,
      granted_ms bigint not null default 0 check (granted_ms >= 0),
      used_ms bigint not null default 0 check (used_ms >= 0),
      reserved_ms bigint not null default 0 check (reserved_ms >= 0),
      primary key (user_id, period_start),
      check (used_ms + reserved_ms <= granted_ms)
    );

    create table quota_entry (
      id uuid primary key default gen_random_uuid(),
      user_id uuid not null,
      period_start timestamptz not null,
      generation_id uuid,
      kind text not null check (kind in ('reserve', 'settle', 'release', 'grant')),
      ms bigint not null check (kind = 'grant' or ms >= 0),
      attempt uuid,
      created_at timestamptz not null default clock_timestamp(),
      foreign key (user_id, period_start) references quota_account,
      check ((kind = 'grant') = (generation_id is null))
    );
    create unique index quota_entry_one_reserve on quota_entry (generation_id) where kind = 'reserve';
    create unique index quota_entry_one_resolution on quota_entry (generation_id) where kind in ('settle', 'release');
    create index quota_entry_account on quota_entry (user_id, period_start);

    create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% is append only', tg_table_name using errcode = 'insufficient_privilege';
    end $$;
    create trigger quota_entry_append_only before update or delete on quota_entry
      for each row execute function refuse_change();
    create trigger quota_entry_no_truncate before truncate on quota_entry
      for each statement execute function refuse_change();




  `.execute(db)
}
