drop function if exists segment_submit(uuid, integer, uuid);
drop function if exists segment_store(segment);
drop function if exists generations_begin(jsonb);

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

-- Where the audio lies that answers a segment: that of the same segment of p_kept, else the latest of this content that
-- has no flaw. Null where there is none. A hash is one user's, and so is what a take is made of.
create or replace function segment_source(p_kept uuid, p_index integer, p_content_hash text) returns jsonb language plpgsql stable as $$
declare
  v_source segment;
begin
  -- The generation is looked at by itself: joined, it would be read first by who plans for tables that were still empty.
  for v_source in
    select * from segment where generation_id = p_kept and index = p_index and state = 'stored' and audio_key is not null
    union all (select * from segment where p_kept is null and content_hash = p_content_hash and state = 'stored'
      and audio_key is not null and flaws = '{}' order by stored_at desc)
  loop
    perform from generation where id = v_source.generation_id and deleted_at is null and purged_at is null;
    if found then
      return jsonb_build_object('key', v_source.audio_key, 'bytes', v_source.audio_bytes, 'sha256', v_source.audio_sha256,
        'samples', v_source.samples, 'sampleRate', v_source.sample_rate, 'flaws', to_jsonb(v_source.flaws),
        'contentHash', v_source.content_hash);
    end if;
  end loop;
  return null;
end $$;

-- Marks a segment as being synthesized by this attempt, and answers what there is of it already: see segment_source(). Not
-- held when the attempt lost the generation or the segment is stored already: then nothing may be synthesized.
create or replace function segment_submit(p_generation uuid, p_index integer, p_attempt uuid, p_kept uuid, p_content_hash text,
    out held boolean, out source jsonb) language plpgsql as $$
begin
  update segment s set state = 'submitted', attempt = p_attempt, attempts = s.attempts + 1, submitted_at = clock_timestamp()
    from generation g
    where s.generation_id = p_generation and s.index = p_index and s.state <> 'stored'
      and g.id = p_generation and g.state = 'running' and g.attempt = p_attempt;
  held := found;
  if held then
    source := segment_source(p_kept, p_index, p_content_hash);
  end if;
end $$;

-- Keeps a segment's audio and announces it. False when the attempt lost; its object is the caller's to remove, and what it
-- cost is written down all the same. What is held of the budgets beyond p_needed_micros is released, up to p_spare_micros: for a
-- segment that nobody has to be paid for.
create or replace function segment_store(p_segment segment, p_spare_micros bigint default 0, p_needed_micros bigint default 0)
  returns boolean language plpgsql as $$
declare
  v_generation generation;
  v_held boolean;
  v_spare bigint;
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
      flaws = coalesce(p_segment.flaws, '{}'), content_hash = p_segment.content_hash, cached = coalesce(p_segment.cached, false),
      stored_at = clock_timestamp()
    where generation_id = p_segment.generation_id and index = p_segment.index and state = 'submitted';
  if not found then
    return false;
  end if;
  update generation set segments_done = segments_done + 1, segments_cached = segments_cached + coalesce(p_segment.cached, false)::integer,
      fruitless_attempts = 0, degraded_at = null, heartbeat_at = clock_timestamp()
    where id = p_segment.generation_id returning * into v_generation;
  v_spare := least(p_spare_micros, v_generation.cost_held_micros - p_needed_micros);
  if v_spare > 0 then
    update generation set cost_held_micros = cost_held_micros - v_spare where id = v_generation.id;
    perform cost_release(v_generation.user_id, month_of(v_generation.created_at), v_spare);
  end if;
  perform event_append(v_generation, 'segment',
    jsonb_build_object('index', p_segment.index, 'durationMs', p_segment.duration_ms));
  return true;
end $$;

-- Each as in segments_begin(): of [{generation, attempt, segments, submitted, contentHash}]; answers in their order, also where the
-- audio lies that answers one that is submitted.
create or replace function generations_begin(p_begun jsonb) returns table (held boolean, source jsonb) language plpgsql as $$
begin
  perform generations_lock((select array_agg((b->>'generation')::uuid) from jsonb_array_elements(p_begun) b));
  return query select b.held, case when b.held then segment_source(null, null, b.value->>'contentHash') end
    from (select value, ordinality, segments_begin((value->>'generation')::uuid, (value->>'attempt')::uuid, value->'segments',
        (value->>'submitted')::boolean) as held
      from jsonb_array_elements(p_begun) with ordinality order by ordinality offset 0) b
    order by b.ordinality;
end $$;

-- Each as in segment_store(), for segments that cost nothing; answers which were kept, in their order.
create or replace function segments_store(p_segments jsonb) returns setof boolean language plpgsql as $$
begin
  perform generations_lock((select array_agg((s->>'generation_id')::uuid) from jsonb_array_elements(p_segments) s));
  return query select segment_store(jsonb_populate_record(null::segment, s.value))
    from jsonb_array_elements(p_segments) with ordinality s order by s.ordinality;
end $$;
