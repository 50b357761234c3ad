import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table generation (
      id uuid primary key,
      user_id uuid not null references account on delete cascade,
      key_id uuid references api_key on delete set null,
      voice_id uuid not null references voice,
      engine text not null,
      state text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed', 'canceled')),
      text text not null,
      characters integer not null,
      format text not null,
      settings jsonb not null,
      title text,
      segments_total integer not null check (segments_total > 0),
      segments_done integer not null default 0 check (segments_done between 0 and segments_total),
      estimated_ms bigint not null check (estimated_ms >= 0),
      reserved_ms bigint not null check (reserved_ms >= 0),
      duration_ms bigint check (duration_ms >= 0),
      charged_ms bigint check (charged_ms between 0 and reserved_ms),
      predicted_cost_micros bigint not null default 0,
      actual_cost_micros bigint not null default 0,
      -- The token of the worker run that owns this generation now: every later write is fenced by it.
      attempt uuid,
      attempts integer not null default 0,
      -- Claims since the last stored segment: a text that kills its worker stops being tried.
      fruitless_attempts integer not null default 0,
      heartbeat_at timestamptz,
      error_reason text,
      error_message text,
      audio_key text,
      audio_bytes bigint,
      audio_sha256 text,
      created_at timestamptz not null default clock_timestamp(),
      started_at timestamptz,
      finished_at timestamptz,
      deleted_at timestamptz,
      purged_at timestamptz,
      check ((state in ('succeeded', 'failed', 'canceled')) = (finished_at is not null)),
      check (state <> 'succeeded' or purged_at is not null
        or (audio_key is not null and audio_bytes is not null and audio_sha256 is not null and duration_ms is not null)),
      check ((state = 'failed') = (error_reason is not null))
    ) with (fillfactor = 80);
    create index generation_user on generation (user_id, id desc) where deleted_at is null;
    create index generation_open on generation (state, heartbeat_at) where state in ('queued', 'running');
    create index generation_unpurged on generation (id)
      where purged_at is null and (deleted_at is not null or state in ('failed', 'canceled'));

    create function generation_keep_terminal() returns trigger language plpgsql as $$
    begin
      if (new.state, new.attempt, new.duration_ms, new.charged_ms, new.finished_at, new.reserved_ms)
        is distinct from (old.state, old.attempt, old.duration_ms, old.charged_ms, old.finished_at, old.reserved_ms) then
        raise exception 'generation % is %, which is final', old.id, old.state using errcode = 'integrity_constraint_violation';
      end if;
      return new;
    end $$;
    create trigger generation_terminal before update on generation
      for each row when (old.state in ('succeeded', 'failed', 'canceled')) execute function generation_keep_terminal();

    create table segment (
      generation_id uuid not null references generation on delete cascade,
      index integer not null check (index >= 0),
      start_offset integer not null,
      end_offset integer not null,
      pause_ms integer not null check (pause_ms >= 0),
      state text not null default 'queued' check (state in ('queued', 'submitted', 'stored', 'failed')),
      attempt uuid,
      attempts integer not null default 0,
      audio_key text,
      audio_bytes bigint,
      audio_sha256 text,
      samples integer,
      sample_rate integer,
      duration_ms bigint,
      actual_cost_micros bigint not null default 0,
      submitted_at timestamptz,
      stored_at timestamptz,
      primary key (generation_id, index),
      check (end_offset > start_offset),
      check (state <> 'stored' or (samples is not null and sample_rate is not null and stored_at is not null))
    );

    -- The audio of a generation in a format other than its own, made when first asked for.
    create table rendition (
      generation_id uuid not null references generation on delete cascade,
      format text not null,
      audio_key text not null,
      audio_bytes bigint not null,
      audio_sha256 text not null,
      created_at timestamptz not null default now(),
      primary key (generation_id, format)
    );

    -- An event's number is taken under the row lock of its user's stream and held until commit, so the numbers of one
    -- user become visible in their order and a reader who has seen n will never miss a lower one.
    create table event_stream (
      user_id uuid primary key references account on delete cascade,
      last_seq bigint not null
    ) with (fillfactor = 50);
    create table event (
      user_id uuid not null references account on delete cascade,
      seq bigint not null,
      generation_id uuid not null,
      type text not null check (type in ('queued', 'running', 'segment', 'succeeded', 'failed', 'canceled', 'deleted')),
      data jsonb not null,
      created_at timestamptz not null default clock_timestamp(),
      primary key (user_id, seq)
    );
    create index event_generation on event (generation_id, seq);

    create function event_append(p_generation generation, p_type text, p_segment jsonb) returns bigint
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

    -- Reserve, insert and announce, or refuse with the account as it stands. Order of locks everywhere below:
    -- the user's quota, the generation's row, the user's event stream.
    create function generation_create(p_new generation, out created boolean, out generation generation, out account quota_account)
      language plpgsql as $$
    declare
      v_reservation record;
    begin
      select * into v_reservation from quota_reserve(p_new.user_id, p_new.id, p_new.reserved_ms);
      created := v_reservation.reserved;
      account := v_reservation.account;
      if not created then
        return;
      end if;
      insert into generation (id, user_id, key_id, voice_id, engine, text, characters, format, settings, title,
          segments_total, estimated_ms, reserved_ms, predicted_cost_micros)
        values (p_new.id, p_new.user_id, p_new.key_id, p_new.voice_id, p_new.engine, p_new.text, p_new.characters,
          p_new.format, p_new.settings, p_new.title, p_new.segments_total, p_new.estimated_ms, p_new.reserved_ms,
          p_new.predicted_cost_micros)
        returning * into generation;
      perform event_append(generation, 'queued', null);
    end $$;

    -- Gives the generation to the holder of p_attempt, taking it from any earlier one. Null when it is already final.
    create function generation_claim(p_id uuid, p_attempt uuid) returns generation language plpgsql as $$
    declare
      v_generation generation;
      v_was text;
    begin
      select state into v_was from generation where id = p_id and state in ('queued', 'running') for no key update;
      if v_was is null then
        return null;
      end if;
      update generation set state = 'running', attempt = p_attempt, attempts = attempts + 1,
          fruitless_attempts = fruitless_attempts + 1, heartbeat_at = clock_timestamp(),
          started_at = coalesce(started_at, clock_timestamp())
        where id = p_id returning * into v_generation;
      if v_was = 'queued' then
        perform event_append(v_generation, 'running', null);
      end if;
      return v_generation;
    end $$;

    -- Marks a segment as being synthesized by this attempt. False when the attempt lost the generation or the
    -- segment is stored already: then nothing may be synthesized.
    create function segment_submit(p_generation uuid, p_index integer, p_attempt uuid) returns boolean language sql as $$
      with submitted as (
        update segment s set state = 'submitted', attempt = p_attempt, attempts = s.attempts + 1,
            submitted_at = clock_timestamp()
          from generation g
          where s.generation_id = p_generation and s.index = p_index and s.state <> 'stored'
            and g.id = p_generation and g.state = 'running' and g.attempt = p_attempt
          returning 1)
      select exists (select from submitted)
    $$;

    -- Keeps a segment's audio and announces it. False when the attempt lost; its object is the caller's to remove.
    create function segment_store(p_segment segment) returns boolean language plpgsql as $$
    declare
      v_generation generation;
    begin
      perform from generation
        where id = p_segment.generation_id and state = 'running' and attempt = p_segment.attempt for no key update;
      if not found then
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
      update generation set segments_done = segments_done + 1, fruitless_attempts = 0, heartbeat_at = clock_timestamp(),
          actual_cost_micros = actual_cost_micros + p_segment.actual_cost_micros
        where id = p_segment.generation_id returning * into v_generation;
      perform event_append(v_generation, 'segment',
        jsonb_build_object('index', p_segment.index, 'durationMs', p_segment.duration_ms));
      return true;
    end $$;

    -- Charges, releases the rest, and makes the generation final. Null when the attempt lost.
    create function generation_succeed(p_id uuid, p_attempt uuid, p_duration_ms bigint, p_audio_key text,
        p_audio_bytes bigint, p_audio_sha256 text) returns generation language plpgsql as $$
    declare
      v_generation generation;
    begin
      perform pg_advisory_xact_lock(lock_key('quota', user_id::text)) from generation where id = p_id;
      perform from generation where id = p_id and state = 'running' and attempt = p_attempt for no key update;
      if not found then
        return null;
      end if;
      update generation set state = 'succeeded', duration_ms = p_duration_ms, audio_key = p_audio_key,
          audio_bytes = p_audio_bytes, audio_sha256 = p_audio_sha256, finished_at = clock_timestamp(),
          charged_ms = quota_resolve(user_id, id, 'settle', p_duration_ms, p_attempt)
        where id = p_id returning * into v_generation;
      perform event_append(v_generation, 'succeeded', null);
      return v_generation;
    end $$;

    -- Makes a generation failed or canceled and releases all it held. With an attempt it is fenced by it; without one
    -- it is the person's own cancel. Null when somebody else made it final first.
    create function generation_give_up(p_id uuid, p_attempt uuid, p_state text, p_reason text, p_message text)
      returns generation language plpgsql as $$
    declare
      v_generation generation;
    begin
      perform pg_advisory_xact_lock(lock_key('quota', user_id::text)) from generation where id = p_id;
      perform from generation
        where id = p_id and state in ('queued', 'running') and (p_attempt is null or attempt = p_attempt) for no key update;
      if not found then
        return null;
      end if;
      update generation set state = p_state, error_reason = p_reason, error_message = p_message, charged_ms = 0,
          finished_at = clock_timestamp()
        where id = p_id returning * into v_generation;
      perform quota_resolve(v_generation.user_id, p_id, 'release', 0, p_attempt);
      perform event_append(v_generation, p_state, null);
      return v_generation;
    end $$;

    create table idempotency (
      user_id uuid not null references account on delete cascade,
      route text not null,
      key text not null check (length(key) between 1 and 255),
      request_hash bytea not null,
      response text,
      -- The wire id of what the response tells of, so that what it says can be forgotten with it.
      about text,
      created_at timestamptz not null default now(),
      primary key (user_id, route, key)
    );
    create index idempotency_created_at on idempotency (created_at);
  `.execute(db)
}
