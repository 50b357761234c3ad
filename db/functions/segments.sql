-- The segments of a generation, written by its first attempt for all that may follow. p_submitted says that they are
-- announced with it, as segment_submit() would. False when the attempt lost.
create or replace function segments_begin(p_generation uuid, p_attempt uuid, p_segments jsonb, p_submitted boolean)
  returns boolean language plpgsql as $$
begin
  perform from generation where id = p_generation and state = 'running' and attempt = p_attempt for no key update;
  if not found then
    return false;
  end if;
  update generation set segments_total = jsonb_array_length(p_segments)
    where id = p_generation and segments_total <> jsonb_array_length(p_segments);
  insert into segment (generation_id, index, start_offset, end_offset, pause_ms, state, attempt, attempts, submitted_at)
    select p_generation, t.index, t.start_offset, t.end_offset, t.pause_ms,
        case when p_submitted then 'submitted' else 'queued' end, case when p_submitted then p_attempt end,
        p_submitted::integer, case when p_submitted then clock_timestamp() end
      from jsonb_to_recordset(p_segments) t (index integer, start_offset integer, end_offset integer, pause_ms integer);
  return true;
end $$;

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
      flaws = coalesce(p_segment.flaws, '{}'), stored_at = clock_timestamp()
    where generation_id = p_segment.generation_id and index = p_segment.index and state = 'submitted';
  if not found then
    return false;
  end if;
  update generation set segments_done = segments_done + 1, fruitless_attempts = 0, degraded_at = null, heartbeat_at = clock_timestamp()
    where id = p_segment.generation_id returning * into v_generation;
  perform event_append(v_generation, 'segment',
    jsonb_build_object('index', p_segment.index, 'durationMs', p_segment.duration_ms));
  return true;
end $$;

-- Each as in segments_begin(): of [{generation, attempt, segments, submitted}]; answers in their order.
create or replace function generations_begin(p_begun jsonb) returns setof boolean language plpgsql as $$
begin
  perform generations_lock((select array_agg((b->>'generation')::uuid) from jsonb_array_elements(p_begun) b));
  return query select segments_begin((b.value->>'generation')::uuid, (b.value->>'attempt')::uuid, b.value->'segments',
      (b.value->>'submitted')::boolean)
    from jsonb_array_elements(p_begun) with ordinality b order by b.ordinality;
end $$;

-- Each as in segment_store(), for segments that cost nothing; answers which were kept, in their order.
create or replace function segments_store(p_segments jsonb) returns setof boolean language plpgsql as $$
begin
  perform generations_lock((select array_agg((s->>'generation_id')::uuid) from jsonb_array_elements(p_segments) s));
  return query select segment_store(jsonb_populate_record(null::segment, s.value))
    from jsonb_array_elements(p_segments) with ordinality s order by s.ordinality;
end $$;
