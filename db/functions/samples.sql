-- Room that samples take of their users' storage: those there are, and those that are being uploaded, at what they may
-- come to at most. What was not renewed in time is nobody's, and its remains are the sweep's.

-- What a user's storage holds, of the samples that the user can see. One statement, so that an upload that becomes a
-- sample meanwhile is counted once.
create or replace function storage_used(p_user uuid, out samples integer, out sample_bytes bigint, out uploads integer, out upload_bytes bigint)
  language sql stable as $$
  select s.samples, s.bytes, u.uploads, u.bytes from
    (select count(*)::integer as samples, coalesce(sum(audio_bytes), 0)::bigint as bytes
      from sample where user_id = p_user and deleted_at is null) s,
    (select count(*)::integer as uploads, coalesce(sum(reserved_bytes), 0)::bigint as bytes
      from upload where user_id = p_user and expires_at > clock_timestamp()) u
$$;

-- Holds p_bytes of a user's storage for an upload, for p_keep. Outcomes: held, uploads_limited (p_most_uploads are under
-- way), samples_limited (there are p_most_samples of them), bytes_exceeded (then left_bytes says what there is room for).
create or replace function upload_begin(p_id uuid, p_user uuid, p_key text, p_bytes bigint, p_keep interval, p_most_uploads integer, p_most_samples integer,
    out outcome text, out left_bytes bigint)
  language plpgsql as $$
declare
  v_used record;
  v_plan_bytes bigint;
begin
  perform pg_advisory_xact_lock(lock_key('storage', p_user::text));
  select * into v_used from storage_used(p_user);
  select p.storage_bytes into strict v_plan_bytes from account a join plan p on p.id = a.plan_id where a.id = p_user;
  left_bytes := greatest(0, v_plan_bytes - v_used.sample_bytes - v_used.upload_bytes);
  outcome := case
    when v_used.uploads >= p_most_uploads then 'uploads_limited'
    when v_used.samples + v_used.uploads >= p_most_samples then 'samples_limited'
    when p_bytes > left_bytes then 'bytes_exceeded'
    else 'held' end;
  if outcome = 'held' then
    insert into upload (id, user_id, audio_key, reserved_bytes, expires_at)
      values (p_id, p_user, p_key, p_bytes, clock_timestamp() + p_keep);
  end if;
end $$;
