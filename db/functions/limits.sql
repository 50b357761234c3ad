-- Takes one request from an allowance of p_per_minute requests a minute, all of which may be used at once (generic cell
-- rate algorithm). Refused, it writes nothing. The database's clock is the only one, whichever process asks.
create or replace function rate_take(p_key text, p_per_minute integer, out allowed boolean, out remaining integer, out wait_ms integer)
  language plpgsql as $$
declare
  v_step interval := interval '1 minute' / p_per_minute;
  v_tat timestamptz;
begin
  insert into rate as r (key, tat) values (p_key, clock_timestamp() + v_step)
    on conflict (key) do update set tat = rate_due(r.tat) + v_step
      where rate_due(r.tat) + v_step - clock_timestamp() <= interval '1 minute'
    returning tat into v_tat;
  allowed := found;
  if not allowed then
    select rate_due(tat) into v_tat from rate where key = p_key;
    remaining := 0;
    wait_ms := greatest(1, ceil(extract(epoch from v_tat + v_step - clock_timestamp() - interval '1 minute') * 1000));
  else
    remaining := greatest(0, floor(extract(epoch from interval '1 minute' - (v_tat - clock_timestamp())) / extract(epoch from v_step)));
    wait_ms := greatest(0, ceil(extract(epoch from v_tat - clock_timestamp()) * 1000));
  end if;
end $$;

-- When the next request is on time: not before now, and not beyond the minute that an allowance can be ahead, which only
-- a clock that was set back makes it seem; then the allowance starts anew.
create or replace function rate_due(p_tat timestamptz) returns timestamptz language sql volatile as $$
  select case when p_tat > clock_timestamp() + interval '61 seconds' then clock_timestamp()
    else greatest(p_tat, clock_timestamp()) end
$$;
