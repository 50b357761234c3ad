-- What a consent allows, and its end. What is made by a consent (a voice, a generation) is made under its user's quota
-- lock, which its end takes too.

-- Whether it holds now.
create or replace function consent_holds(p_id uuid) returns boolean language sql stable as $$
  select exists (select from consent
    where id = p_id and revoked_at is null and (expires_at is null or expires_at > clock_timestamp()))
$$;

-- Why a cloned voice may not speak: consent_revoked, consent_expired, samples_deleted, or null when it may.
create or replace function voice_obstacle(p_voice uuid, p_consent uuid) returns text language sql stable as $$
  select case
      when revoked_at is not null then 'consent_revoked'
      when expires_at <= clock_timestamp() then 'consent_expired'
      when exists (select from voice_sample v join sample s on s.id = v.sample_id
        where v.voice_id = p_voice and s.deleted_at is not null) then 'samples_deleted'
    end
    from consent where id = p_consent
$$;

-- The voice that a user means by a name: an alias they gave, else a preset's name in any case. Of presets of one name those
-- go first whose engine is there.
create or replace function voice_named(p_user uuid, p_name text, p_engines text[]) returns uuid language sql stable as $$
  select coalesce(
    (select voice_id from voice_alias where user_id = p_user and alias = lower(p_name)),
    (select id from voice where user_id is null and lower(name) = lower(p_name)
      order by available and engine = any(p_engines) desc, id limit 1))
$$;

-- Whether a cloned voice is there, and may speak by the consent that was found with it.
create or replace function voice_may_speak(p_voice uuid, p_consent uuid) returns boolean language sql stable as $$
  select voice_obstacle(p_voice, p_consent) is null
    and exists (select from voice where id = p_voice and consent_id = p_consent and deleted_at is null)
$$;

-- Whether a generation that failed keeps the segments that were finished: for so long, and while its voice may speak. Not where
-- there was no room left: what is kept would leave none.
create or replace function generation_keeps_finished(p_generation generation, p_for interval) returns boolean language sql stable as $$
  select p_generation.state = 'failed' and p_generation.error_reason <> 'storage_full' and p_generation.segments_done > 0
    and p_generation.deleted_at is null and p_generation.purged_at is null and p_generation.finished_at > now() - p_for
    and case when p_generation.consent_id is null
      then exists (select from voice where id = p_generation.voice_id and deleted_at is null)
      else voice_may_speak(p_generation.voice_id, p_generation.consent_id) end
$$;

drop function if exists segment_submit_consented(uuid, integer, uuid);

-- As segment_submit(), for a voice that speaks by consent: made right before each call of the engine, and in turns with the
-- end of the consent, which cancels the generation.
create or replace function segment_submit_consented(p_generation uuid, p_index integer, p_attempt uuid, p_kept uuid,
    p_content_hash text, out held boolean, out source jsonb) language plpgsql as $$
begin
  perform from generation
    where id = p_generation and state = 'running' and attempt = p_attempt and consent_holds(consent_id) for share;
  held := found;
  if held then
    select s.held, s.source into held, source from segment_submit(p_generation, p_index, p_attempt, p_kept, p_content_hash) s;
  end if;
end $$;

-- Cancels a generation whose consent has ended. Null when it is final, or may go on.
create or replace function generation_cancel_unconsented(p_id uuid) returns generation language plpgsql as $$
begin
  perform from generation where id = p_id and state in ('queued', 'running')
    and consent_id is not null and not consent_holds(consent_id);
  if not found then
    return null;
  end if;
  return generation_give_up(p_id, null, 'canceled', null, null);
end $$;

-- Ends a consent, and with it all that lives by it: generations that wait or run are canceled and release what they hold,
-- previews go, and samples are deleted that no other consent covers. Answers what there is to tell and to remove, or
-- revoked = false where it had ended before.
create or replace function consent_revoke(p_id uuid, p_user uuid,
    out revoked boolean, out generations uuid[], out voices uuid[], out objects text[]) language plpgsql as $$
declare
  v_id uuid;
  v_generation generation;
  v_samples uuid[];
begin
  perform quota_lock(p_user);
  perform from consent where id = p_id and user_id = p_user and revoked_at is null;
  revoked := found;
  if not revoked then
    return;
  end if;

  -- The lock lets no further one come. All rows before the months' costs, and the event stream last: see generations.sql.
  generations := array(select id from generation
    where consent_id = p_id and state in ('queued', 'running') order by id for no key update);
  -- Of several months the later first, as in cost_hold(): ids ascend with time.
  for v_id in select id from unnest(generations) id order by id desc loop
    perform generation_stop(v_id, null, 'canceled', null, null);
  end loop;
  update consent set revoked_at = clock_timestamp() where id = p_id;
  voices := array(select id from voice where consent_id = p_id order by id);
  with gone as (delete from voice_preview where voice_id = any(voices) returning audio_key)
    select coalesce(array_agg(audio_key), '{}') into objects from gone;
  with gone as (update sample s set deleted_at = clock_timestamp()
      where deleted_at is null and id in (select sample_id from consent_sample where consent_id = p_id)
        and not exists (select from consent_sample other
          where other.sample_id = s.id and other.consent_id <> p_id and consent_holds(other.consent_id))
      returning id)
    select coalesce(array_agg(id order by id), '{}') into v_samples from gone;

  for v_generation in select * from generation where id = any(generations) order by id loop
    perform event_append(v_generation, 'canceled', null);
  end loop;
  foreach v_id in array v_samples loop
    perform event_append_beside(p_user, 'sample.deleted', v_id);
  end loop;
  foreach v_id in array voices loop
    perform event_append_beside(p_user, 'voice.updated', v_id);
  end loop;
end $$;
