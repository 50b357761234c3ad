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
      'segments', jsonb_build_object('total', p_generation.segments_total, 'done', p_generation.segments_done),
      'segment', p_segment,
      'durationMs', p_generation.duration_ms,
      'chargedMs', p_generation.charged_ms,
      'error', case when p_generation.error_reason is not null then
        jsonb_build_object('reason', p_generation.error_reason, 'message', p_generation.error_message) end));
  return v_seq;
end $$;
