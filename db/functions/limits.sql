-- Takes one request from an allowance of p_per_minute requests a minute, all of which may be used at once (generic cell
-- rate algorithm). Refused, it writes nothing. The database's clock is the only one, whichever process asks.
--   remaining  requests that could be made right now
--   wait_ms    until there is one more of them
-- Nobody waits long for this table: who cannot have it limits by other means (see packages/core/src/limits/store.ts).
create or replace function rate_take(p_key text, p_per_minute integer, out allowed boolean, out remaining integer, out wait_ms integer)
  language plpgsql set lock_timeout = '200ms' as $$
declare
  v_step interval := rate_step(p_per_minute);
  v_tat timestamptz;
  v_left interval;
begin
  -- A look without a lock, so that a flood of refusals does not queue for the row. It sees no later time than there is.
  select rate_due(tat) into v_tat from rate where key = p_key;
  allowed := v_tat is null or v_tat + v_step - clock_timestamp() <= interval '1 minute';
  if allowed then
    insert into rate as r (key, tat) values (p_key, clock_timestamp() + v_step)
      on conflict (key) do update set tat = rate_due(r.tat) + v_step
        where rate_due(r.tat) + v_step - clock_timestamp() <= interval '1 minute'
      returning tat into v_tat;
    allowed := found;
    if not allowed then
      select rate_due(tat) into v_tat from rate where key = p_key;
    end if;
  end if;
  v_left := interval '1 minute' - (v_tat - clock_timestamp());
  remaining := case when allowed then greatest(0, floor(extract(epoch from v_left) / extract(epoch from v_step))) else 0 end;
  wait_ms := greatest(1, ceil(extract(epoch from v_step * (remaining + 1) - v_left) * 1000));
end $$;

-- From one request to the next. Rounded up to what an interval can hold: down, a minute would have room for one too many.
create or replace function rate_step(p_per_minute integer) returns interval language sql immutable strict parallel safe
  return interval '1 microsecond' * ceil(60000000.0 / p_per_minute);

-- When the next request is on time: not before now, and not beyond the minute that an allowance can be ahead, which only
-- a clock that was set back makes it seem; then the allowance starts anew.
create or replace function rate_due(p_tat timestamptz) returns timestamptz language sql volatile as $$
  select case when p_tat > clock_timestamp() + interval '61 seconds' then clock_timestamp()
    else greatest(p_tat, clock_timestamp()) end
$$;

-- Takes one request from both allowances or from neither. Without p_narrow_per_minute there is only the wide one. Always
-- narrow before wide, so that two calls never wait for each other.
create or replace function rate_take_both(p_narrow text, p_narrow_per_minute integer, p_wide text, p_wide_per_minute integer) returns rate_taken
  language plpgsql as $$
declare
  v_take record;
  v_taken rate_taken;
begin
  if p_narrow_per_minute is not null then
    select * into v_take from rate_take(p_narrow, p_narrow_per_minute);
    v_taken.allowed := v_take.allowed;
    v_taken.narrow_remaining := v_take.remaining;
    v_taken.narrow_wait_ms := v_take.wait_ms;
    if not v_taken.allowed then
      return v_taken;
    end if;
  end if;
  select * into v_take from rate_take(p_wide, p_wide_per_minute);
  v_taken.allowed := v_take.allowed;
  v_taken.wide_remaining := v_take.remaining;
  v_taken.wide_wait_ms := v_take.wait_ms;
  if not v_taken.allowed and p_narrow_per_minute is not null then
    -- The row is ours since it was taken from: nobody has seen it in between.
    update rate set tat = tat - rate_step(p_narrow_per_minute) where key = p_narrow;
    v_taken.narrow_remaining := null;
    v_taken.narrow_wait_ms := null;
  end if;
  return v_taken;
end $$;

-- Whose key it is and whether it holds; with p_take it also takes one request from the allowances of key and user, but
-- only for who brings the whole of a key that holds: who knows its public part alone exhausts nobody. Unknown: all null.
create or replace function admit_key(p_public_id text, p_secret_hash bytea, p_take boolean,
    out id uuid, out user_id uuid, out secret_hash bytea, out scopes text[], out role text,
    out revoked boolean, out expired boolean, out disabled boolean, out use_is_news boolean,
    out allowance_id uuid, out key_per_minute integer, out user_per_minute integer, out taken rate_taken)
  language plpgsql as $$
begin
  select k.id, k.user_id, k.secret_hash, k.scopes, a.role, k.revoked_at is not null,
      coalesce(k.expires_at <= clock_timestamp(), false), a.disabled_at is not null,
      coalesce(k.last_used_at < clock_timestamp() - interval '60 seconds', true),
      coalesce(k.allowance_of, k.id), k.requests_per_minute, p.requests_per_minute
    into id, user_id, secret_hash, scopes, role, revoked, expired, disabled, use_is_news, allowance_id, key_per_minute, user_per_minute
    from api_key k join account a on a.id = k.user_id join plan p on p.id = a.plan_id
    where k.public_id = p_public_id;
  -- Digests: how long they take to compare tells nothing of the secret.
  if p_take and secret_hash = p_secret_hash and not (revoked or expired or disabled) then
    taken := rate_take_both('key:' || allowance_id, key_per_minute, 'user:' || user_id, user_per_minute);
  end if;
end $$;

-- The same for a session, which is found by the whole of its secret. Unknown: all null.
create or replace function admit_session(p_id_hash bytea, p_take boolean,
    out user_id uuid, out expires_at timestamptz, out created_at timestamptz, out role text, out disabled boolean,
    out user_per_minute integer, out taken rate_taken)
  language plpgsql as $$
begin
  select s.user_id, s.expires_at, s.created_at, a.role, a.disabled_at is not null, p.requests_per_minute
    into user_id, expires_at, created_at, role, disabled, user_per_minute
    from session s join account a on a.id = s.user_id join plan p on p.id = a.plan_id
    where s.id_hash = p_id_hash;
  if p_take and user_id is not null and not disabled then
    taken := rate_take_both(null, null, 'user:' || user_id, user_per_minute);
  end if;
end $$;

-- Holds one of the places that the user's plan has for work that somebody waits for, for p_keep. Answers how many there
-- are, and whether one was free. What was not renewed in time is nobody's.
create or replace function lease_take(p_id uuid, p_user uuid, p_keep interval, out held boolean, out places integer)
  language plpgsql as $$
begin
  perform pg_advisory_xact_lock(lock_key('lease', p_user::text));
  delete from lease where user_id = p_user and expires_at <= clock_timestamp();
  select p.concurrency into strict places from account a join plan p on p.id = a.plan_id where a.id = p_user;
  insert into lease (id, user_id, expires_at)
    select p_id, p_user, clock_timestamp() + p_keep
      where (select count(*) from lease l where l.user_id = p_user) < places;
  held := found;
end $$;

-- Goes on holding it; also when a crash of the database lost it, since the work goes on.
create or replace function lease_renew(p_id uuid, p_user uuid, p_keep interval) returns void language sql as $$
  insert into lease (id, user_id, expires_at) values (p_id, p_user, clock_timestamp() + p_keep)
    on conflict (id) do update set expires_at = excluded.expires_at
$$;
