create or replace function month_of(p_at timestamptz) returns date language sql immutable parallel safe
  return date_trunc('month', p_at at time zone 'UTC')::date;

-- Adds to the sums of the day.
create or replace function usage_add(p_user uuid, p_voice uuid, p_key uuid, p_engine text, p_generations bigint,
    p_characters bigint, p_charged_ms bigint, p_cost_micros bigint) returns void language sql as $$
  insert into usage_day as u (user_id, day, voice_id, key_id, engine, generations, characters, charged_ms, cost_micros)
    values (p_user, (clock_timestamp() at time zone 'UTC')::date, p_voice, p_key, p_engine, p_generations, p_characters,
      p_charged_ms, p_cost_micros)
    on conflict (user_id, day, voice_id, key_id, engine) do update set
      generations = u.generations + excluded.generations, characters = u.characters + excluded.characters,
      charged_ms = u.charged_ms + excluded.charged_ms, cost_micros = u.cost_micros + excluded.cost_micros
$$;

-- Holds what a generation may cost of the user's budget and of the installation's for a month, or nothing when
-- that would go beyond one of them: then it answers which, 'user' or 'installation'. Rows are always taken in this order.
-- Each is locked before its budget is looked at: a condition on both in one UPDATE that has to wait would be judged, for the
-- budget, by what there was before the wait.
create or replace function cost_hold(p_user uuid, p_month date, p_micros bigint) returns text language plpgsql as $$
declare
  v_cost bigint;
begin
  insert into cost_month (month, user_id) values (p_month, p_user), (p_month, null) on conflict do nothing;
  select spent_micros + held_micros into strict v_cost from cost_month
    where month = p_month and user_id = p_user for no key update;
  if exists (select from budget where user_id = p_user and v_cost + p_micros > limit_micros) then
    return 'user';
  end if;
  select spent_micros + held_micros into strict v_cost from cost_month
    where month = p_month and user_id is null for no key update;
  if exists (select from budget where user_id is null and v_cost + p_micros > limit_micros) then
    return 'installation';
  end if;
  update cost_month set held_micros = held_micros + p_micros where month = p_month and user_id = p_user;
  update cost_month set held_micros = held_micros + p_micros where month = p_month and user_id is null;
  return null;
end $$;

-- Gives back what is still held in the month that held it.
create or replace function cost_release(p_user uuid, p_month date, p_micros bigint) returns void language plpgsql as $$
begin
  if p_micros > 0 then
    update cost_month set held_micros = held_micros - p_micros where month = p_month and user_id = p_user;
    update cost_month set held_micros = held_micros - p_micros where month = p_month and user_id is null;
  end if;
end $$;

-- Writes down what an attempt had to pay, whether or not anything came of it: a provider asks for its money also when
-- the attempt has lost its generation meanwhile. Takes the generation's row.
create or replace function cost_spend(p_generation uuid, p_attempt uuid, p_micros bigint) returns void language plpgsql as $$
begin
  if p_micros <> 0 then
    perform costs_spend(array[p_generation], array[p_attempt], array[p_micros]);
  end if;
end $$;

-- Each as in cost_spend(). The sums are taken up once for all, since those of the installation are everybody's, and locked
-- until the commit; in the order of cost_hold(), of several months the later first. Of several generations the caller has
-- taken the rows, in their order.
create or replace function costs_spend(p_generations uuid[], p_attempts uuid[], p_micros bigint[]) returns void language plpgsql as $$
declare
  v_before generation;
  v_held bigint;
  v_now timestamptz := clock_timestamp();
  v_spent cost_month[];
  v_released cost_month[];
  v_days usage_day[];
begin
  for v_index in 1 .. coalesce(cardinality(p_generations), 0) loop
    select * into strict v_before from generation where id = p_generations[v_index] for no key update;
    v_held := least(v_before.cost_held_micros, p_micros[v_index]);
    update generation set actual_cost_micros = actual_cost_micros + p_micros[v_index], cost_held_micros = cost_held_micros - v_held
      where id = v_before.id;
    update attempt set actual_cost_micros = actual_cost_micros + p_micros[v_index] where token = p_attempts[v_index];
    v_spent := v_spent || (month_of(v_now), v_before.user_id, p_micros[v_index], 0)::cost_month;
    if v_held > 0 then
      v_released := v_released || (month_of(v_before.created_at), v_before.user_id, 0, v_held)::cost_month;
    end if;
    v_days := v_days || (v_before.user_id, (v_now at time zone 'UTC')::date, v_before.voice_id, v_before.key_id, v_before.engine,
      0, 0, 0, p_micros[v_index])::usage_day;
  end loop;
  insert into cost_month as c (month, user_id, spent_micros)
    select month, user_id, sum(spent_micros) from unnest(v_spent || v_released) group by grouping sets ((month, user_id), (month))
      order by month desc, user_id nulls last
    on conflict (month, user_id) do update set spent_micros = c.spent_micros + excluded.spent_micros,
      held_micros = c.held_micros - coalesce((select sum(r.held_micros) from unnest(v_released) r
        where r.month = c.month and (c.user_id is null or r.user_id = c.user_id)), 0);
  insert into usage_day as u (user_id, day, voice_id, key_id, engine, cost_micros)
    select user_id, day, voice_id, key_id, engine, sum(cost_micros) from unnest(v_days)
      group by user_id, day, voice_id, key_id, engine order by user_id, day, voice_id, key_id, engine
    on conflict (user_id, day, voice_id, key_id, engine) do update set cost_micros = u.cost_micros + excluded.cost_micros;
end $$;

-- Sees to it that p_micros are held for what a running generation has yet to ask engines for: what failed, or cost more than
-- its engine said, has used up some of what was held for the rest. What is lacking is taken as in cost_hold(). Answers
-- 'covered', 'lost' when the attempt is, or whose budget does not suffice: then nothing more may be asked for.
create or replace function cost_cover(p_generation uuid, p_attempt uuid, p_micros bigint) returns text language plpgsql as $$
declare
  v_generation generation;
  v_lacking bigint;
  v_scope text;
begin
  select * into v_generation from generation
    where id = p_generation and state = 'running' and attempt = p_attempt for no key update;
  if not found then
    return 'lost';
  end if;
  v_lacking := p_micros - v_generation.cost_held_micros;
  if v_lacking <= 0 then
    return 'covered';
  end if;
  v_scope := cost_hold(v_generation.user_id, month_of(v_generation.created_at), v_lacking);
  if v_scope is not null then
    return v_scope;
  end if;
  update generation set cost_held_micros = p_micros where id = p_generation;
  return 'covered';
end $$;
