import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- One 64-bit key space for every advisory lock; src/lock.ts lists the classes.
    create function lock_key(class text, key text) returns bigint
      language sql immutable strict parallel safe
      return hashtextextended(class || ':' || key, 0);

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

    -- Months counted from the sign-up day, in UTC. Each start is anchor + n months, never start + 1 month:
    -- a sign-up on the 31st comes back to the 31st after a short month.
    create function quota_period(anchor timestamptz, at timestamptz, out period_start timestamptz, out period_end timestamptz)
      language plpgsql immutable as $$
    declare
      a timestamp := anchor at time zone 'UTC';
      t timestamp := at at time zone 'UTC';
      n integer := greatest(0, (extract(year from t) - extract(year from a)) * 12 + extract(month from t) - extract(month from a));
    begin
      if n > 0 and a + make_interval(months => n) > t then
        n := n - 1;
      end if;
      period_start := (a + make_interval(months => n)) at time zone 'UTC';
      period_end := (a + make_interval(months => n + 1)) at time zone 'UTC';
    end $$;

    -- The running period of an account, opened and brought up to its plan. Only under the user's quota lock.
    -- A plan that shrinks below what is used or held takes the grant down to exactly that, never below.
    create function quota_open(p_user uuid) returns quota_account language plpgsql as $$
    declare
      v_account quota_account;
      v_plan_ms bigint;
      v_start timestamptz;
      v_end timestamptz;
      v_target bigint;
    begin
      select p.seconds_per_month * 1000, q.period_start, q.period_end into strict v_plan_ms, v_start, v_end
        from account a join plan p on p.id = a.plan_id
        cross join lateral quota_period(a.created_at, clock_timestamp()) q
        where a.id = p_user;
      insert into quota_account (user_id, period_start, period_end) values (p_user, v_start, v_end)
        on conflict do nothing;
      select * into strict v_account from quota_account where user_id = p_user and period_start = v_start;
      v_target := greatest(v_plan_ms, v_account.used_ms + v_account.reserved_ms);
      if v_target <> v_account.granted_ms then
        insert into quota_entry (user_id, period_start, kind, ms)
          values (p_user, v_start, 'grant', v_target - v_account.granted_ms);
        update quota_account set granted_ms = v_target
          where user_id = p_user and period_start = v_start
          returning * into v_account;
      end if;
      return v_account;
    end $$;

    -- Holds p_ms for a generation, or holds nothing when that does not fit. One call is one round trip; the lock is
    -- still its own statement, and each statement of a VOLATILE function under READ COMMITTED sees what committed before it.
    create function quota_reserve(p_user uuid, p_generation uuid, p_ms bigint, out reserved boolean, out account quota_account)
      language plpgsql as $$
    begin
      if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'quota needs READ COMMITTED: under % the sum would be read from before the lock',
          current_setting('transaction_isolation');
      end if;
      perform pg_advisory_xact_lock(lock_key('quota', p_user::text));
      account := quota_open(p_user);
      reserved := p_ms <= (account).granted_ms - (account).used_ms - (account).reserved_ms;
      if reserved then
        insert into quota_entry (user_id, period_start, generation_id, kind, ms)
          values (p_user, (account).period_start, p_generation, 'reserve', p_ms);
        update quota_account set reserved_ms = reserved_ms + p_ms
          where user_id = p_user and period_start = (account).period_start
          returning * into account;
      end if;
    end $$;

    -- Resolves a generation's reservation once, in the period that reserved it: charges at most what was held and
    -- releases the rest. Answers what was charged. A second call fails on quota_entry_one_resolution.
    create function quota_resolve(p_user uuid, p_generation uuid, p_kind text, p_ms bigint, p_attempt uuid) returns bigint
      language plpgsql as $$
    declare
      v_reserve quota_entry;
      v_charged bigint;
    begin
      perform pg_advisory_xact_lock(lock_key('quota', p_user::text));
      select * into strict v_reserve from quota_entry where generation_id = p_generation and kind = 'reserve';
      v_charged := case p_kind when 'settle' then least(p_ms, v_reserve.ms) else 0 end;
      insert into quota_entry (user_id, period_start, generation_id, kind, ms, attempt)
        values (p_user, v_reserve.period_start, p_generation, p_kind,
          case p_kind when 'settle' then v_charged else v_reserve.ms end, p_attempt);
      update quota_account set used_ms = used_ms + v_charged, reserved_ms = reserved_ms - v_reserve.ms
        where user_id = p_user and period_start = v_reserve.period_start;
      return v_charged;
    end $$;
  `.execute(db)
}
