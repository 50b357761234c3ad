-- Gives a generation to its fallback voice: what it was to be spoken with and what it is spoken with now change places, the
-- attempt is given up and does not count, and of the budgets as much is held as that voice needs, or nothing is done. Not where any of it
-- was spoken, or may have been: a provider that may still answer is not asked beside another one. Nor where that voice may
-- not speak any more, which is looked up under the lock that the end of a consent takes. False when none of it was done.
create or replace function generation_fall_back(p_id uuid, p_attempt uuid) returns boolean language plpgsql as $$
declare
  v_was generation;
  v_other generation;
  v_generation generation;
begin
  perform quota_lock(user_id) from generation where id = p_id;
  select * into v_was from generation where id = p_id and state = 'running' and attempt = p_attempt and segments_done = 0
    and fallback is not null and fell_back_at is null for no key update;
  if not found then
    return false;
  end if;
  v_other := jsonb_populate_record(null::generation, v_was.fallback);
  if not exists (select from voice where id = v_other.voice_id and deleted_at is null and available)
    or v_other.consent_id is not null and not voice_may_speak(v_other.voice_id, v_other.consent_id)
    or exists (select from provider_call where generation_id = p_id and (outcome is null or outcome = 'succeeded')) then
    return false;
  end if;
  -- Better to wait than to fail for want of money.
  if cost_hold(v_was.user_id, month_of(v_was.created_at), greatest(0, v_other.predicted_cost_micros - v_was.cost_held_micros)) is not null then
    return false;
  end if;
  perform generation_release(p_id, p_attempt);
  update generation set voice_id = v_other.voice_id, consent_id = v_other.consent_id, engine = v_other.engine,
      settings = v_other.settings, seed = v_other.seed, pronunciations = v_other.pronunciations,
      normalized_as = v_other.normalized_as, estimated_ms = v_other.estimated_ms,
      predicted_cost_micros = v_other.predicted_cost_micros, fallback = generation_speech(v_was),
      cost_held_micros = v_other.predicted_cost_micros,
      fell_back_at = clock_timestamp(), degraded_at = null
    where id = p_id returning * into v_generation;
  perform cost_release(v_was.user_id, month_of(v_was.created_at), v_was.cost_held_micros - v_generation.cost_held_micros);
  perform event_append(v_generation, 'fell_back', null);
  return true;
end $$;

-- What a generation is spoken with: the columns of which a fallback has its own.
create or replace function generation_speech(p_generation generation) returns jsonb language sql immutable as $$
  select jsonb_build_object('voice_id', p_generation.voice_id, 'consent_id', p_generation.consent_id,
    'engine', p_generation.engine, 'settings', p_generation.settings, 'seed', p_generation.seed,
    'pronunciations', p_generation.pronunciations, 'normalized_as', p_generation.normalized_as,
    'estimated_ms', p_generation.estimated_ms, 'predicted_cost_micros', p_generation.predicted_cost_micros)
$$;
