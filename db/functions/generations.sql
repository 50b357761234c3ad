-- Order of locks in everything below: idempotency keys, the users' quotas, the rows of generations, the months' costs, the
-- days' sums, the users' event streams; of one kind in the order of their ids.

drop function if exists generation_create(generation);

-- The whole of a create in one round trip: take the idempotency key, hold cost and quota, insert, announce, enqueue; or
-- refuse and leave nothing. p_key null: it may happen as often as it is sent. Otherwise:
--   p_keep   how long the key answers with its first call
--   p_anew   this call is known to be a first one: it takes the key from an earlier call
--   p_answer what the call answers, with '<id>@created' where the moment of creation goes
-- Outcomes: created, replayed, key_reused, consent_required, quota_exceeded, budget_exceeded (then detail says whose).
create or replace function generation_create(p_new generation, p_job text, p_route text, p_key text, p_hash bytea, p_keep interval,
    p_anew boolean, p_answer text,
    out outcome text, out detail text, out response text, out created_at timestamptz,
    out granted_ms bigint, out remaining_ms bigint, out period_start timestamptz, out period_end timestamptz)
  language plpgsql as $$
declare
  v_generation generation;
  v_reservation record;
  v_earlier record;
  v_account quota_account;
  v_held bigint := greatest(p_new.predicted_cost_micros, p_new.cost_held_micros);
begin
  if p_key is not null then
    insert into idempotency as i (user_id, route, key, request_hash, created_at)
      values (p_new.user_id, p_route, p_key, p_hash, clock_timestamp())
      on conflict (user_id, route, key) do update
        set request_hash = excluded.request_hash, response = null, about = null, created_at = excluded.created_at
        where p_anew or i.created_at < clock_timestamp() - p_keep;
    if not found then
      select i.request_hash, i.response into strict v_earlier from idempotency i
        where i.user_id = p_new.user_id and i.route = p_route and i.key = p_key;
      outcome := case when v_earlier.request_hash = p_hash then 'replayed' else 'key_reused' end;
      response := v_earlier.response;
      return;
    end if;
  end if;

  perform quota_lock(p_new.user_id);
  -- To the millisecond, which is what goes on the wire; and once for all, so that the month that holds is that of creation.
  created_at := date_trunc('milliseconds', clock_timestamp());
  -- Under the lock, which a revocation takes too: it finds this generation, or is seen here.
  if p_new.consent_id is not null and not voice_may_speak(p_new.voice_id, p_new.consent_id) then
    outcome := 'consent_required';
  end if;
  if outcome is null and v_held > 0 then
    detail := cost_hold(p_new.user_id, month_of(created_at), v_held);
    if detail is not null then
      outcome := 'budget_exceeded';
    end if;
  end if;
  if outcome is null then
    select * into v_reservation from quota_reserve(p_new.user_id, p_new.id, p_new.reserved_ms);
    v_account := v_reservation.account;
    granted_ms := v_account.granted_ms;
    remaining_ms := v_account.granted_ms - v_account.used_ms - v_account.reserved_ms;
    period_start := v_account.period_start;
    period_end := v_account.period_end;
    if not v_reservation.reserved then
      outcome := 'quota_exceeded';
      perform cost_release(p_new.user_id, month_of(created_at), v_held);
    end if;
  end if;
  if outcome is not null then
    delete from idempotency i where i.user_id = p_new.user_id and i.route = p_route and i.key = p_key;
    return;
  end if;

  outcome := 'created';
  insert into generation (id, user_id, key_id, voice_id, consent_id, engine, text, characters, format, sample_rate, bit_rate,
      loudness, settings, seed, pronunciations, normalized_as, title, segments_total, estimated_ms, reserved_ms, predicted_cost_micros, cost_held_micros, turn,
      created_at, take_of, kept_from, spoken_anew, cache, fallback)
    values (p_new.id, p_new.user_id, p_new.key_id, p_new.voice_id, p_new.consent_id, p_new.engine, p_new.text, p_new.characters,
      p_new.format, p_new.sample_rate, p_new.bit_rate, p_new.loudness, p_new.settings, p_new.seed, p_new.pronunciations, p_new.normalized_as, p_new.title, p_new.segments_total,
      p_new.estimated_ms, p_new.reserved_ms, p_new.predicted_cost_micros, v_held, v_account.last_turn,
      created_at, p_new.take_of, p_new.kept_from, p_new.spoken_anew, coalesce(p_new.cache, true), p_new.fallback)
    returning * into v_generation;
  perform queue_put(p_job, jsonb_build_object('generationId', p_new.id), p_new.id::text, p_new.user_id::text,
    (select plan_id from account where id = p_new.user_id), v_account.last_turn);
  if p_key is not null then
    response := replace(p_answer, p_new.id || '@created', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
    update idempotency i set response = generation_create.response, about = 'gen_' || p_new.id
      where i.user_id = p_new.user_id and i.route = p_route and i.key = p_key;
  end if;
  perform event_append(v_generation, 'queued', null);
end $$;

-- Gives the generation to the holder of p_attempt, taking it from any earlier one. Null when it is already final, or the
-- consent to its voice does not hold: then it is for generation_cancel_unconsented().
create or replace function generation_claim(p_id uuid, p_attempt uuid) returns generation language plpgsql as $$
declare
  v_generation generation;
  v_was record;
begin
  select state, attempt, consent_id into v_was from generation
    where id = p_id and state in ('queued', 'running') for no key update;
  if not found or v_was.consent_id is not null and not consent_holds(v_was.consent_id) then
    return null;
  end if;
  update generation set state = 'running', attempt = p_attempt, attempts = attempts + 1,
      fruitless_attempts = fruitless_attempts + 1, heartbeat_at = clock_timestamp(),
      started_at = coalesce(started_at, clock_timestamp())
    where id = p_id returning * into v_generation;
  if v_was.attempt is not null then
    update attempt set outcome = 'lost', ended_at = clock_timestamp() where token = v_was.attempt and outcome = 'running';
  end if;
  -- What the segments that are stored cost was paid by earlier attempts.
  insert into attempt (token, generation_id, number, predicted_cost_micros)
    values (p_attempt, p_id, v_generation.attempts, v_generation.predicted_cost_micros
      * (v_generation.segments_total - v_generation.segments_done) / v_generation.segments_total);
  if v_was.state = 'queued' then
    perform event_append(v_generation, 'running', null);
  end if;
  return v_generation;
end $$;

-- Ends the attempt that holds a generation, and with it what was held of the budgets.
create or replace function generation_end_attempt(p_generation generation, p_outcome text) returns void language plpgsql as $$
begin
  if p_generation.attempt is not null then
    update attempt set outcome = p_outcome, ended_at = clock_timestamp()
      where token = p_generation.attempt and outcome = 'running';
  end if;
  if p_generation.cost_held_micros > 0 then
    update generation set cost_held_micros = 0 where id = p_generation.id;
    perform cost_release(p_generation.user_id, month_of(p_generation.created_at), p_generation.cost_held_micros);
  end if;
end $$;

-- Charges, releases the rest, and makes the generation final. Null when the attempt lost.
create or replace function generation_succeed(p_id uuid, p_attempt uuid, p_duration_ms bigint, p_audio_key text,
    p_audio_bytes bigint, p_audio_sha256 text) returns generation language plpgsql as $$
declare
  v_generation generation;
begin
  v_generation := generation_settle(p_id, p_attempt, p_duration_ms, p_audio_key, p_audio_bytes, p_audio_sha256);
  if v_generation.id is not null then
    perform event_append(v_generation, 'succeeded', null);
  end if;
  return v_generation;
end $$;

-- All of generation_succeed() but that it tells nobody.
create or replace function generation_settle(p_id uuid, p_attempt uuid, p_duration_ms bigint, p_audio_key text,
    p_audio_bytes bigint, p_audio_sha256 text) returns generation language plpgsql as $$
declare
  v_generation generation;
begin
  perform quota_lock(user_id) from generation where id = p_id;
  perform from generation where id = p_id and state = 'running' and attempt = p_attempt for no key update;
  if not found then
    return null;
  end if;
  update generation set state = 'succeeded', duration_ms = p_duration_ms, audio_key = p_audio_key,
      audio_bytes = p_audio_bytes, audio_sha256 = p_audio_sha256, finished_at = clock_timestamp(),
      charged_ms = quota_resolve(user_id, id, 'settle', p_duration_ms, p_attempt)
    where id = p_id returning * into v_generation;
  perform generation_end_attempt(v_generation, 'succeeded');
  perform usage_add(v_generation.user_id, v_generation.voice_id, v_generation.key_id, v_generation.engine, 1,
    v_generation.characters, v_generation.charged_ms, 0);
  return v_generation;
end $$;

-- Makes a generation failed or canceled and releases all it held. With an attempt it is fenced by it; without one
-- it is the person's own cancel. Null when somebody else made it final first.
create or replace function generation_give_up(p_id uuid, p_attempt uuid, p_state text, p_reason text, p_message text)
  returns generation language plpgsql as $$
declare
  v_generation generation;
begin
  v_generation := generation_stop(p_id, p_attempt, p_state, p_reason, p_message);
  if v_generation.id is not null then
    perform event_append(v_generation, p_state, null);
  end if;
  return v_generation;
end $$;

-- All of generation_give_up() but that it tells nobody.
create or replace function generation_stop(p_id uuid, p_attempt uuid, p_state text, p_reason text, p_message text)
  returns generation language plpgsql as $$
declare
  v_generation generation;
begin
  perform quota_lock(user_id) from generation where id = p_id;
  perform from generation
    where id = p_id and state in ('queued', 'running') and (p_attempt is null or attempt = p_attempt) for no key update;
  if not found then
    return null;
  end if;
  update generation set state = p_state, error_reason = p_reason, error_message = p_message, charged_ms = 0,
      finished_at = clock_timestamp()
    where id = p_id returning * into v_generation;
  perform quota_resolve(v_generation.user_id, p_id, 'release', 0, p_attempt);
  perform generation_end_attempt(v_generation, p_state);
  return v_generation;
end $$;

-- An attempt that stops though it has not failed, as a worker does that is told to: it does not count, and its
-- generation waits for the next one.
create or replace function generation_release(p_id uuid, p_attempt uuid) returns void language plpgsql as $$
begin
  perform from generation where id = p_id and attempt = p_attempt and state = 'running' for no key update;
  update attempt set outcome = 'released', ended_at = clock_timestamp() where token = p_attempt and outcome = 'running';
  if found then
    update generation set fruitless_attempts = greatest(0, fruitless_attempts - 1), heartbeat_at = null where id = p_id;
  end if;
end $$;

-- What several transitions in one transaction need: all locks of one kind before any of the next, each kind in order. So
-- two batches, or a batch and a transition by itself, never wait for each other in a circle. Generations of engines that
-- cost money take part in none of these: their rows in cost_month would be one more kind. Their calls are written down in
-- batches by calls_announce() and calls_end(), in an order of their own: generations, calls, segments, months, days.
create or replace function generations_lock(p_ids uuid[]) returns void language plpgsql as $$
begin
  perform from generation where id = any(p_ids) order by id for no key update;
  perform from event_stream where user_id in (select user_id from generation where id = any(p_ids))
    order by user_id for no key update;
end $$;

create or replace function generations_claim(p_ids uuid[], p_attempts uuid[]) returns setof generation language plpgsql as $$
begin
  perform generations_lock(p_ids);
  return query select g.* from unnest(p_ids, p_attempts) t (id, attempt), generation_claim(t.id, t.attempt) g
    where g.id is not null;
end $$;

-- Each as in generation_succeed(); answers the ids of those that did. Told are all at the end: the days' sums come before the
-- event streams also for who writes down a cost meanwhile.
create or replace function generations_succeed(p_ids uuid[], p_attempts uuid[], p_durations_ms bigint[], p_audio_keys text[],
    p_audio_bytes bigint[], p_audio_sha256s text[]) returns setof uuid language plpgsql as $$
declare
  v_user uuid;
  v_settled generation[];
begin
  for v_user in select distinct user_id from generation where id = any(p_ids) order by user_id loop
    perform quota_lock(v_user);
  end loop;
  perform from generation where id = any(p_ids) order by id for no key update;
  select array_agg(g order by g.user_id) into v_settled
    from (select t.* from unnest(p_ids, p_attempts, p_durations_ms, p_audio_keys, p_audio_bytes, p_audio_sha256s)
          t (id, attempt, duration_ms, audio_key, audio_bytes, audio_sha256)
        join generation g on g.id = t.id order by g.user_id, g.voice_id, g.key_id, g.engine offset 0) t,
      generation_settle(t.id, t.attempt, t.duration_ms, t.audio_key, t.audio_bytes, t.audio_sha256) g
    where g.id is not null;
  return query select g.id from unnest(v_settled) g, event_append(g, 'succeeded', null);
end $$;

-- Shows that attempts are alive; answers those that hold their generation no longer. What somebody else has locked is
-- being written, and is left to the next time: the others are not kept waiting.
create or replace function generations_renew(p_ids uuid[], p_attempts uuid[]) returns setof uuid language plpgsql as $$
begin
  update generation set heartbeat_at = clock_timestamp() where id = any(array(
    select g.id from unnest(p_ids, p_attempts) t (id, attempt) join generation g on g.id = t.id and g.attempt = t.attempt
      where g.state = 'running' for no key update of g skip locked));
  return query select t.attempt from unnest(p_ids, p_attempts) t (id, attempt)
    where not exists (select from generation g where g.id = t.id and g.attempt = t.attempt and g.state = 'running');
end $$;
