-- The ledger. These functions are the only way to it: they run as their owner, and the role that Loqui's processes work
-- under may read quota_account and quota_entry and nothing else (see ../src/rights.ts).

-- Months counted from the sign-up day, in UTC. Each start is anchor + n months, never start + 1 month:
-- a sign-up on the 31st comes back to the 31st after a short month.
create or replace function quota_period(anchor timestamptz, at timestamptz, out period_start timestamptz, out period_end timestamptz)
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

-- Takes the user's quota lock until the transaction ends. Its own statement: whoever calls this reads afresh after it,
-- which REPEATABLE READ would not do.
create or replace function quota_lock(p_user uuid) returns void language plpgsql as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'quota needs READ COMMITTED: under % the sum would be read from before the lock',
      current_setting('transaction_isolation');
  end if;
  perform pg_advisory_xact_lock(lock_key('quota', p_user::text));
end $$;

-- The running period of an account, opened and brought up to its plan. Only under the user's quota lock.
-- A plan that shrinks below what is used or held takes the grant down to exactly that, never below.
create or replace function quota_open(p_user uuid) returns quota_account
  language plpgsql security definer set search_path = public, pg_temp as $$
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
  select * into v_account from quota_account where user_id = p_user and period_start = v_start;
  if not found then
    insert into quota_account (user_id, period_start, period_end) values (p_user, v_start, v_end)
      returning * into v_account;
  end if;
  v_target := greatest(v_plan_ms + v_account.adjusted_ms, v_account.used_ms + v_account.reserved_ms);
  if v_target <> v_account.granted_ms then
    insert into quota_entry (user_id, period_start, kind, ms)
      values (p_user, v_start, 'grant', v_target - v_account.granted_ms);
    update quota_account set granted_ms = v_target
      where user_id = p_user and period_start = v_start
      returning * into v_account;
  end if;
  return v_account;
end $$;

-- Holds p_ms for a generation, or holds nothing when that does not fit. With it the generation gets its turn on the
-- queue: one after the user's latest, and not before the one that workers are at.
create or replace function quota_reserve(p_user uuid, p_generation uuid, p_ms bigint, out reserved boolean, out account quota_account)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform quota_lock(p_user);
  account := quota_open(p_user);
  reserved := p_ms <= (account).granted_ms - (account).used_ms - (account).reserved_ms;
  if reserved then
    insert into quota_entry (user_id, period_start, generation_id, kind, ms)
      values (p_user, (account).period_start, p_generation, 'reserve', p_ms);
    update quota_account set reserved_ms = reserved_ms + p_ms,
        last_turn = greatest(last_turn, (select last_value from work_turn)) + 1
      where user_id = p_user and period_start = (account).period_start
      returning * into account;
  end if;
end $$;

-- Resolves a generation's reservation once, in the period that reserved it: charges at most what was held and
-- releases the rest. Answers what was charged. A second call fails on quota_entry_one_resolution.
create or replace function quota_resolve(p_user uuid, p_generation uuid, p_kind text, p_ms bigint, p_attempt uuid) returns bigint
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_reserve quota_entry;
  v_charged bigint;
begin
  if p_kind not in ('settle', 'release') then
    raise exception 'a reservation is settled or released, not %', p_kind;
  end if;
  perform quota_lock(p_user);
  select * into strict v_reserve from quota_entry
    where generation_id = p_generation and kind = 'reserve' and user_id = p_user;
  v_charged := case p_kind when 'settle' then least(p_ms, v_reserve.ms) else 0 end;
  insert into quota_entry (user_id, period_start, generation_id, kind, ms, attempt)
    values (p_user, v_reserve.period_start, p_generation, p_kind,
      case p_kind when 'settle' then v_charged else v_reserve.ms end, p_attempt);
  update quota_account set used_ms = used_ms + v_charged, reserved_ms = reserved_ms - v_reserve.ms
    where user_id = p_user and period_start = v_reserve.period_start;
  return v_charged;
end $$;

-- Adds to what is granted in the running period, or with a negative p_ms takes from what is left of it. Null, and
-- nothing written, when less is left than would be taken.
create or replace function quota_adjust(p_user uuid, p_ms bigint, p_by uuid, p_note text, out entry quota_entry, out account quota_account)
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_entry quota_entry;
begin
  perform quota_lock(p_user);
  account := quota_open(p_user);
  if -p_ms > (account).granted_ms - (account).used_ms - (account).reserved_ms then
    return;
  end if;
  insert into quota_entry (user_id, period_start, kind, ms, by_user_id, note)
    values (p_user, (account).period_start, 'adjust', p_ms, p_by, p_note)
    returning * into v_entry;
  entry := v_entry;
  update quota_account set granted_ms = granted_ms + p_ms, adjusted_ms = adjusted_ms + p_ms
    where user_id = p_user and period_start = (account).period_start;
  -- An account over its plan has been granted what it used: there the plan's own part moves the other way.
  account := quota_open(p_user);
end $$;

-- Gives back what a generation was charged, once and in the period that charged it. Null, and nothing written, when it
-- was charged nothing or has been given back already.
create or replace function quota_refund(p_generation uuid, p_by uuid, p_note text) returns quota_entry
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_user uuid;
  v_settle quota_entry;
  v_entry quota_entry;
begin
  select user_id into v_user from quota_entry where generation_id = p_generation and kind = 'settle';
  if not found then
    return null;
  end if;
  perform quota_lock(v_user);
  select * into strict v_settle from quota_entry where generation_id = p_generation and kind = 'settle';
  if v_settle.ms = 0 or exists (select from quota_entry where generation_id = p_generation and kind = 'refund') then
    return null;
  end if;
  insert into quota_entry (user_id, period_start, generation_id, kind, ms, by_user_id, note)
    values (v_user, v_settle.period_start, p_generation, 'refund', v_settle.ms, p_by, p_note)
    returning * into v_entry;
  update quota_account set used_ms = used_ms - v_settle.ms
    where user_id = v_user and period_start = v_settle.period_start;
  perform usage_add(g.user_id, g.voice_id, g.key_id, g.engine, 0, 0, -v_settle.ms, 0) from generation g where g.id = p_generation;
  return v_entry;
end $$;
