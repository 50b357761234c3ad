-- Calls of providers, and of servers that cost: see provider_call. Rows are taken after the generation's, and before the months' costs.

-- Writes down that a provider is about to be asked for a segment. Answers announced; lost, when the attempt does not hold
-- the generation; unknown, when there are p_most already and one of them may yet be found; exhausted, when there are.
create or replace function call_announce(p_mark uuid, p_generation uuid, p_index integer, p_attempt uuid, p_request jsonb,
    p_most integer) returns text language plpgsql as $$
declare
  v_engine text;
  v_before record;
begin
  -- In turns with whoever ends the generation: either it is seen here, or it finds this call.
  select engine into v_engine from generation
    where id = p_generation and state = 'running' and attempt = p_attempt for share;
  if not found then
    return 'lost';
  end if;
  select count(*) filter (where outcome is distinct from 'refused') as made, count(*) + 1 as number,
      bool_or(outcome is null and provider_id is null) as unknown
    into v_before from provider_call where generation_id = p_generation and segment_index = p_index;
  if v_before.made >= p_most then
    return case when v_before.unknown then 'unknown' else 'exhausted' end;
  end if;
  insert into provider_call (mark, generation_id, segment_index, number, attempt, engine, request)
    values (p_mark, p_generation, p_index, v_before.number, p_attempt, v_engine, p_request);
  return 'announced';
end $$;

-- Writes down by which id the provider knows a call: also for an attempt that has lost its generation, since it is made
-- and paid all the same. One that was taken for refused meanwhile is open again, for the next attempt or the sweep to take up:
-- whoever asked for it had stood still, and it was looked for in vain. False when the id is another call's, or the call has another.
create or replace function call_accept(p_mark uuid, p_provider_id text) returns boolean language plpgsql as $$
begin
  update provider_call set provider_id = p_provider_id, accepted_at = coalesce(accepted_at, clock_timestamp()),
      outcome = nullif(outcome, 'refused'),
      adopted_by = case when outcome is distinct from 'refused' then adopted_by end,
      ended_by = case when outcome is distinct from 'refused' then ended_by end,
      ended_at = case when outcome is distinct from 'refused' then ended_at end
    where mark = p_mark and coalesce(provider_id, p_provider_id) = p_provider_id;
  return found;
exception when unique_violation then
  return false;
end $$;

-- Writes down how a call ended and what it cost. Told again, the last outcome holds, and what was counted as cost is
-- counted once: it belongs to the attempt that announced it. p_attempt null: the sweep tells.
-- Takes the generation's row.
create or replace function call_end(p_mark uuid, p_attempt uuid, p_outcome text, p_cost_micros bigint)
  returns void language plpgsql as $$
begin
  perform calls_end(array[p_mark], array[p_attempt], array[p_outcome], array[p_cost_micros]);
end $$;

-- All of call_end() but that it counts the cost: it answers what is to be counted, and where. The caller has taken the
-- generation's row, and the call's.
create or replace function call_close(p_mark uuid, p_attempt uuid, p_outcome text, p_cost_micros bigint,
    out generation uuid, out payer uuid, out micros bigint) language plpgsql as $$
declare
  v_call provider_call;
begin
  select * into v_call from provider_call where mark = p_mark;
  if not found then
    return;
  end if;
  -- The sweep comes late to what an attempt has seen to end; and an attempt that has lost its generation meanwhile has
  -- nothing to add but what it cost.
  if v_call.outcome is not null and (p_attempt is null or p_cost_micros <= v_call.cost_micros and not exists (
      select from generation where id = v_call.generation_id and state = 'running' and attempt = p_attempt)) then
    return;
  end if;
  -- Whoever looked for it in vain may have looked before it was there.
  if p_outcome = 'refused' and v_call.provider_id is not null then
    return;
  end if;
  update provider_call set outcome = p_outcome, cost_micros = greatest(cost_micros, p_cost_micros), request = null,
      ended_by = case when p_attempt is null then 'sweep' else 'attempt' end,
      adopted_by = case when p_attempt <> attempt then p_attempt else adopted_by end,
      ended_at = clock_timestamp()
    where mark = p_mark;
  generation := v_call.generation_id;
  payer := v_call.attempt;
  micros := p_cost_micros - v_call.cost_micros;
  if micros > 0 then
    update segment set actual_cost_micros = actual_cost_micros + micros
      where generation_id = v_call.generation_id and index = v_call.segment_index;
  end if;
end $$;

-- Writes down that what a call made is not good enough, so that nobody takes it up again. False where its segment has
-- been asked for p_most times already, or the attempt does not hold the generation: then it stays as it is.
create or replace function call_reject(p_mark uuid, p_attempt uuid, p_most integer) returns boolean language plpgsql as $$
declare
  v_call provider_call;
begin
  perform from generation where id = (select generation_id from provider_call where mark = p_mark)
    and state = 'running' and attempt = p_attempt for share;
  if not found then
    return false;
  end if;
  select * into strict v_call from provider_call where mark = p_mark;
  if p_most <= (select count(*) from provider_call where generation_id = v_call.generation_id
      and segment_index = v_call.segment_index and outcome is distinct from 'refused') then
    return false;
  end if;
  update provider_call set outcome = 'rejected' where mark = p_mark and outcome = 'succeeded';
  return found;
end $$;

-- Lets a generation wait for its engine, which does not work: the attempt is given up and does not count, and in
-- p_wait at the earliest the sweep gives it to another one. Who watches is told when the wait begins, and by the next
-- segment that it is over. False when the attempt lost.
create or replace function generation_wait(p_id uuid, p_attempt uuid, p_wait interval) returns boolean language plpgsql as $$
declare
  v_generation generation;
  v_since timestamptz;
begin
  perform generation_release(p_id, p_attempt);
  select degraded_at into v_since from generation where id = p_id and attempt = p_attempt and state = 'running' for no key update;
  if not found then
    return false;
  end if;
  update generation set degraded_at = coalesce(degraded_at, clock_timestamp()),
      heartbeat_at = clock_timestamp() + p_wait - interval '15 seconds'
    where id = p_id returning * into v_generation;
  if v_since is null then
    perform event_append(v_generation, 'waiting', null);
  end if;
  return true;
end $$;

-- Each as in call_announce(), of [{mark, generation, index, attempt, request, most, micros}]; answers in their order. Beside its
-- answers: uncovered, when less than micros are held of the budgets for the generation. More of them is for cost_cover().
create or replace function calls_announce(p_calls jsonb) returns setof text language plpgsql as $$
begin
  perform from generation where id = any(array(select (c->>'generation')::uuid from jsonb_array_elements(p_calls) c))
    order by id for share;
  return query select case
      when exists (select from generation g where g.id = c.generation and g.state = 'running' and g.attempt = c.attempt
        and g.cost_held_micros < c.micros) then 'uncovered'
      else call_announce(c.mark, c.generation, c.index, c.attempt, c.request, c.most) end
    from rows from (jsonb_to_recordset(p_calls)
      as (mark uuid, generation uuid, index integer, attempt uuid, request jsonb, most integer, micros bigint)) with ordinality
      c (mark, generation, index, attempt, request, most, micros, place)
    order by c.place;
end $$;

-- Each as in call_accept(); answers in their order.
create or replace function calls_accept(p_marks uuid[], p_provider_ids text[]) returns setof boolean language plpgsql as $$
begin
  perform from provider_call where mark = any(p_marks) order by mark for no key update;
  return query select call_accept(t.mark, t.provider_id)
    from unnest(p_marks, p_provider_ids) with ordinality t (mark, provider_id, place) order by t.place;
end $$;

-- Each as in call_end().
create or replace function calls_end(p_marks uuid[], p_attempts uuid[], p_outcomes text[], p_costs_micros bigint[])
  returns void language plpgsql as $$
declare
  v_ids uuid[];
  v_generations uuid[];
  v_payers uuid[];
  v_micros bigint[];
begin
  v_ids := array(select generation_id from provider_call where mark = any(p_marks));
  perform from generation where id = any(v_ids) order by id for no key update;
  perform from provider_call where mark = any(p_marks) order by mark for no key update;
  select array_agg(c.generation), array_agg(c.payer), array_agg(c.micros) into v_generations, v_payers, v_micros
    from unnest(p_marks, p_attempts, p_outcomes, p_costs_micros) t (mark, attempt, outcome, cost_micros),
      call_close(t.mark, t.attempt, t.outcome, t.cost_micros) c
    where c.micros > 0;
  if v_generations is not null then
    perform costs_spend(v_generations, v_payers, v_micros);
  end if;
end $$;
