create or replace function event_append(p_generation generation, p_type text, p_segment jsonb) returns bigint
  language plpgsql as $$
declare
  v_seq bigint;
begin
  insert into event_stream as s (user_id, last_seq) values (p_generation.user_id, 1)
    on conflict (user_id) do update set last_seq = s.last_seq + 1
    returning last_seq into v_seq;
  insert into event (user_id, seq, generation_id, type, data) values (
    p_generation.user_id, v_seq, p_generation.id, p_type,
    jsonb_build_object(
      'state', p_generation.state,
      'waitsFor', case when p_generation.state = 'running' and p_generation.degraded_at is not null then 'engine_degraded' end,
      'segments', jsonb_build_object('total', p_generation.segments_total, 'done', p_generation.segments_done,
        'cached', p_generation.segments_cached),
      'segment', p_segment,
      'durationMs', p_generation.duration_ms,
      'chargedMs', p_generation.charged_ms,
      'error', case when p_generation.error_reason is not null then
        jsonb_build_object('reason', p_generation.error_reason, 'message', p_generation.error_message) end));
  return v_seq;
end $$;

-- As event_append(), of what is not about a generation; p_id is the row that it is about, where there is one. The last thing
-- that its transaction does: the stream stays locked until the commit.
create or replace function event_append_beside(p_user uuid, p_type text, p_id uuid) returns bigint
  language plpgsql as $$
declare
  v_seq bigint;
begin
  insert into event_stream as s (user_id, last_seq) values (p_user, 1)
    on conflict (user_id) do update set last_seq = s.last_seq + 1
    returning last_seq into v_seq;
  insert into event (user_id, seq, type, data) values (p_user, v_seq, p_type, jsonb_build_object('id', p_id));
  return v_seq;
end $$;

-- Removes at most p_most events that are older than p_keep, and writes down of each user how far: numbers and times of one
-- user grow together, so what is removed is always the beginning. Answers how many there were.
create or replace function event_forget(p_keep interval, p_most integer) returns integer
  language plpgsql as $$
declare
  v_user uuid;
  v_seq bigint;
  v_removed integer;
  v_all integer := 0;
begin
  for v_user, v_seq in
    select user_id, max(seq) from (
      select user_id, seq from event where created_at < clock_timestamp() - p_keep limit p_most) old
    group by user_id order by user_id
  loop
    update event_stream set forgotten_seq = greatest(forgotten_seq, v_seq) where user_id = v_user;
    delete from event where user_id = v_user and seq <= v_seq;
    get diagnostics v_removed = row_count;
    v_all := v_all + v_removed;
  end loop;
  return v_all;
end $$;
