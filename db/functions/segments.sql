-- Marks a segment as being synthesized by this attempt. False when the attempt lost the generation or the
-- segment is stored already: then nothing may be synthesized.
create or replace function segment_submit(p_generation uuid, p_index integer, p_attempt uuid) returns boolean language sql as $$
  with submitted as (
    update segment s set state = 'submitted', attempt = p_attempt, attempts = s.attempts + 1,
        submitted_at = clock_timestamp()
      from generation g
      where s.generation_id = p_generation and s.index = p_index and s.state <> 'stored'
        and g.id = p_generation and g.state = 'running' and g.attempt = p_attempt
      returning 1)
  select exists (select from submitted)
$$;

-- Keeps a segment's audio and announces it. False when the attempt lost; its object is the caller's to remove, and what it
-- cost is written down all the same.
create or replace function segment_store(p_segment segment) returns boolean language plpgsql as $$
declare
  v_generation generation;
  v_held boolean;
begin
  perform from generation
    where id = p_segment.generation_id and state = 'running' and attempt = p_segment.attempt for no key update;
  v_held := found;
  perform cost_spend(p_segment.generation_id, p_segment.attempt, p_segment.actual_cost_micros);
  if not v_held then
    return false;
  end if;
  -- The generation's attempt is the fence. The segment's own may be that of a predecessor which submitted it late.
  update segment set state = 'stored', attempt = p_segment.attempt, audio_key = p_segment.audio_key,
      audio_bytes = p_segment.audio_bytes, audio_sha256 = p_segment.audio_sha256, samples = p_segment.samples, sample_rate = p_segment.sample_rate,
      duration_ms = p_segment.duration_ms, actual_cost_micros = actual_cost_micros + p_segment.actual_cost_micros,
      stored_at = clock_timestamp()
    where generation_id = p_segment.generation_id and index = p_segment.index and state = 'submitted';
  if not found then
    return false;
  end if;
  update generation set segments_done = segments_done + 1, fruitless_attempts = 0, heartbeat_at = clock_timestamp()
    where id = p_segment.generation_id returning * into v_generation;
  perform event_append(v_generation, 'segment',
    jsonb_build_object('index', p_segment.index, 'durationMs', p_segment.duration_ms));
  return true;
end $$;
