import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table generation
      -- Asked for by who wants the same again; each segment has one made of it.
      add column seed integer check (seed > 0),
      -- Since when it waits for its engine, which is there but does not work.
      add column degraded_at timestamptz;

    -- What a provider was asked for one segment: written down before it is asked, so that whatever dies on the way,
    -- somebody finds what was made and paid.
    create table provider_call (
      mark uuid primary key,
      generation_id uuid not null references generation on delete cascade,
      segment_index integer not null check (segment_index >= 0),
      -- Which of the segment's calls it is, from 1 on.
      number integer not null check (number > 0),
      -- That announced it.
      attempt uuid not null,
      -- The latest one that took it up after another had announced it.
      adopted_by uuid,
      engine text not null,
      -- What was asked for, by which it is found where its id was lost; nobody has a use for it once it has ended.
      request jsonb,
      provider_id text,
      outcome text check (outcome in ('succeeded', 'failed', 'canceled', 'aborted', 'refused', 'gone')),
      cost_micros bigint not null default 0 check (cost_micros >= 0),
      -- Who saw its end: an attempt that waited for it, or the sweep, since nobody did.
      ended_by text check (ended_by in ('attempt', 'sweep')),
      announced_at timestamptz not null default clock_timestamp(),
      accepted_at timestamptz,
      ended_at timestamptz,
      unique (generation_id, segment_index, number),
      check ((provider_id is null) = (accepted_at is null)),
      check ((outcome is null) = (ended_at is null) and (outcome is null) = (ended_by is null)),
      check (outcome is null or request is null)
    ) with (fillfactor = 80);
    create unique index provider_call_id on provider_call (engine, provider_id) where provider_id is not null;
    create index provider_call_open on provider_call (announced_at) where outcome is null;

    -- How workers see the engines that are somewhere else. Lost in a crash of the database, and said again.
    create unlogged table engine_breaker (
      engine text not null,
      -- Of a worker, made when it starts.
      process uuid not null,
      state text not null check (state in ('closed', 'half_open', 'open')),
      seen_at timestamptz not null default clock_timestamp(),
      primary key (engine, process)
    ) with (fillfactor = 50);

    create view report.prediction as
      select mark, generation_id, segment_index, number, attempt, adopted_by, engine, provider_id,
        case when ended_by = 'sweep' then 'orphaned' when adopted_by is not null then 'adopted' else 'own' end as belongs,
        coalesce(outcome, 'open') as outcome, cost_micros, ended_by, announced_at, accepted_at, ended_at
      from provider_call;
    create or replace view report.generation as
      select id, user_id, key_id, voice_id, engine, state, characters, format, settings, title, segments_total, segments_done,
        estimated_ms, reserved_ms, duration_ms, charged_ms, predicted_cost_micros, actual_cost_micros, attempt, attempts,
        error_reason, error_message, audio_key, audio_bytes, audio_sha256, created_at, started_at, finished_at, deleted_at,
        seed, degraded_at
      from generation;
  `.execute(db)
}
