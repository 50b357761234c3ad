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
