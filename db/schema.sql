-- What the migrations produce, to be read and compared. Written by "npm run schema"; a test fails when it is out of date.
-- The queue's own schema (pgboss) and the list of applied migrations belong to their libraries and are left out.

create schema report;

create type rate_taken as (
  allowed boolean,
  narrow_remaining integer,
  narrow_wait_ms integer,
  wide_remaining integer,
  wide_wait_ms integer
);

create sequence work_turn as bigint increment 1 minvalue 0 maxvalue 9223372036854775807 start 0 cache 1;

create table account (
  id uuid not null,
  email text not null,
  name text,
  password_hash text not null,
  role text default 'user'::text not null,
  plan_id text default 'free'::text not null,
  disabled_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  constraint account_pkey PRIMARY KEY (id),
  constraint account_email_key UNIQUE (email),
  constraint account_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plan(id),
  constraint account_email_check CHECK ((email = lower(email))),
  constraint account_role_check CHECK ((role = ANY (ARRAY['user'::text, 'admin'::text])))
);

create table api_key (
  id uuid not null,
  user_id uuid not null,
  public_id text not null,
  secret_hash bytea not null,
  name text not null,
  scopes text[] not null,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  requests_per_minute integer,
  allowance_of uuid,
  constraint api_key_pkey PRIMARY KEY (id),
  constraint api_key_public_id_key UNIQUE (public_id),
  constraint api_key_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint api_key_requests_per_minute_check CHECK ((requests_per_minute > 0))
);

create table attempt (
  token uuid not null,
  generation_id uuid not null,
  number integer not null,
  outcome text default 'running'::text not null,
  predicted_cost_micros bigint not null,
  actual_cost_micros bigint default 0 not null,
  started_at timestamp with time zone default clock_timestamp() not null,
  ended_at timestamp with time zone,
  constraint attempt_pkey PRIMARY KEY (token),
  constraint attempt_generation_id_number_key UNIQUE (generation_id, number),
  constraint attempt_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES generation(id) ON DELETE CASCADE,
  constraint attempt_actual_cost_micros_check CHECK ((actual_cost_micros >= 0)),
  constraint attempt_check CHECK (((outcome = 'running'::text) = (ended_at IS NULL))),
  constraint attempt_outcome_check CHECK ((outcome = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text, 'released'::text, 'lost'::text]))),
  constraint attempt_predicted_cost_micros_check CHECK ((predicted_cost_micros >= 0))
) with (fillfactor=80);

create table budget (
  user_id uuid,
  alert_micros bigint,
  limit_micros bigint,
  alerted_month date,
  updated_at timestamp with time zone default now() not null,
  constraint budget_user_id_key UNIQUE NULLS NOT DISTINCT (user_id),
  constraint budget_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint budget_alert_micros_check CHECK ((alert_micros >= 0)),
  constraint budget_limit_micros_check CHECK ((limit_micros >= 0))
);

create table consent (
  id uuid not null,
  user_id uuid not null,
  speaker text not null,
  speaker_name text not null,
  statement text not null,
  statement_version text not null,
  locale text not null,
  nonce text not null,
  recording_id uuid,
  recording_sha256 text,
  key_id uuid,
  address text not null,
  user_agent text,
  created_at timestamp with time zone default clock_timestamp() not null,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint consent_pkey PRIMARY KEY (id),
  constraint consent_nonce_key UNIQUE (nonce),
  constraint consent_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES sample(id),
  constraint consent_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint consent_check CHECK (((recording_id IS NULL) = (recording_sha256 IS NULL))),
  constraint consent_speaker_check CHECK ((speaker = ANY (ARRAY['self'::text, 'other'::text])))
);

create table consent_sample (
  consent_id uuid not null,
  sample_id uuid not null,
  audio_sha256 text not null,
  constraint consent_sample_pkey PRIMARY KEY (consent_id, sample_id),
  constraint consent_sample_consent_id_fkey FOREIGN KEY (consent_id) REFERENCES consent(id) ON DELETE CASCADE,
  constraint consent_sample_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES sample(id) ON DELETE CASCADE
);

create table cost_month (
  month date not null,
  user_id uuid,
  spent_micros bigint default 0 not null,
  held_micros bigint default 0 not null,
  constraint cost_month_month_user_id_key UNIQUE NULLS NOT DISTINCT (month, user_id),
  constraint cost_month_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint cost_month_held_micros_check CHECK ((held_micros >= 0)),
  constraint cost_month_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
  constraint cost_month_spent_micros_check CHECK ((spent_micros >= 0))
) with (fillfactor=50);

create unlogged table engine_breaker (
  engine text not null,
  process uuid not null,
  state text not null,
  seen_at timestamp with time zone default clock_timestamp() not null,
  constraint engine_breaker_pkey PRIMARY KEY (engine, process),
  constraint engine_breaker_state_check CHECK ((state = ANY (ARRAY['closed'::text, 'half_open'::text, 'open'::text])))
) with (fillfactor=50);

create table event (
  user_id uuid not null,
  seq bigint not null,
  generation_id uuid,
  type text not null,
  data jsonb not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint event_pkey PRIMARY KEY (user_id, seq),
  constraint event_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint event_generation_check CHECK (((generation_id IS NULL) = (type ~~ '%.%'::text))),
  constraint event_type_check CHECK ((type = ANY (ARRAY['queued'::text, 'running'::text, 'waiting'::text, 'fell_back'::text, 'segment'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text, 'deleted'::text, 'sample.created'::text, 'sample.renamed'::text, 'sample.deleted'::text, 'voice.created'::text, 'voice.updated'::text, 'voice.deleted'::text, 'usage.changed'::text])))
);

create table event_stream (
  user_id uuid not null,
  last_seq bigint not null,
  forgotten_seq bigint default 0 not null,
  constraint event_stream_pkey PRIMARY KEY (user_id),
  constraint event_stream_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE
) with (fillfactor=50);

create table generation (
  id uuid not null,
  user_id uuid not null,
  key_id uuid,
  voice_id uuid not null,
  engine text not null,
  state text default 'queued'::text not null,
  text text not null,
  characters integer not null,
  format text not null,
  settings jsonb not null,
  title text,
  segments_total integer not null,
  segments_done integer default 0 not null,
  estimated_ms bigint not null,
  reserved_ms bigint not null,
  duration_ms bigint,
  charged_ms bigint,
  predicted_cost_micros bigint default 0 not null,
  actual_cost_micros bigint default 0 not null,
  attempt uuid,
  attempts integer default 0 not null,
  fruitless_attempts integer default 0 not null,
  heartbeat_at timestamp with time zone,
  error_reason text,
  error_message text,
  audio_key text,
  audio_bytes bigint,
  audio_sha256 text,
  created_at timestamp with time zone default clock_timestamp() not null,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  deleted_at timestamp with time zone,
  purged_at timestamp with time zone,
  turn bigint default 0 not null,
  cost_held_micros bigint default 0 not null,
  consent_id uuid,
  sample_rate integer default 24000 not null,
  bit_rate integer,
  loudness double precision,
  seed integer,
  degraded_at timestamp with time zone,
  pronunciations jsonb,
  take_of uuid,
  kept_from uuid,
  spoken_anew integer[],
  cache boolean default true not null,
  segments_cached integer default 0 not null,
  normalized_as text,
  fallback jsonb,
  fell_back_at timestamp with time zone,
  constraint generation_pkey PRIMARY KEY (id),
  constraint generation_consent_id_fkey FOREIGN KEY (consent_id) REFERENCES consent(id),
  constraint generation_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_key(id) ON DELETE SET NULL,
  constraint generation_take_of_fkey FOREIGN KEY (take_of) REFERENCES generation(id) ON DELETE SET NULL,
  constraint generation_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint generation_voice_id_fkey FOREIGN KEY (voice_id) REFERENCES voice(id),
  constraint generation_bit_rate_check CHECK ((bit_rate > 0)),
  constraint generation_check CHECK (((segments_done >= 0) AND (segments_done <= segments_total))),
  constraint generation_check1 CHECK (((charged_ms >= 0) AND (charged_ms <= reserved_ms))),
  constraint generation_check2 CHECK (((state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'canceled'::text])) = (finished_at IS NOT NULL))),
  constraint generation_check3 CHECK (((state <> 'succeeded'::text) OR (purged_at IS NOT NULL) OR ((audio_key IS NOT NULL) AND (audio_bytes IS NOT NULL) AND (audio_sha256 IS NOT NULL) AND (duration_ms IS NOT NULL)))),
  constraint generation_check4 CHECK (((state = 'failed'::text) = (error_reason IS NOT NULL))),
  constraint generation_check5 CHECK (((segments_cached >= 0) AND (segments_cached <= segments_done))),
  constraint generation_check6 CHECK (((kept_from IS NULL) = (spoken_anew IS NULL))),
  constraint generation_cost_held_micros_check CHECK ((cost_held_micros >= 0)),
  constraint generation_duration_ms_check CHECK ((duration_ms >= 0)),
  constraint generation_estimated_ms_check CHECK ((estimated_ms >= 0)),
  constraint generation_fallback CHECK (((fell_back_at IS NULL) OR (fallback IS NOT NULL))),
  constraint generation_reserved_ms_check CHECK ((reserved_ms >= 0)),
  constraint generation_sample_rate_check CHECK ((sample_rate > 0)),
  constraint generation_seed_check CHECK ((seed > 0)),
  constraint generation_segments_total_check CHECK ((segments_total > 0)),
  constraint generation_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text])))
) with (fillfactor=80);

create table idempotency (
  user_id uuid not null,
  route text not null,
  key text not null,
  request_hash bytea not null,
  response text,
  about text,
  created_at timestamp with time zone default now() not null,
  constraint idempotency_pkey PRIMARY KEY (user_id, route, key),
  constraint idempotency_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint idempotency_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);

create unlogged table lease (
  id uuid not null,
  user_id uuid not null,
  expires_at timestamp with time zone not null,
  constraint lease_pkey PRIMARY KEY (id)
) with (fillfactor=50);

create table plan (
  id text not null,
  name text not null,
  seconds_per_month bigint not null,
  requests_per_minute integer not null,
  concurrency integer not null,
  storage_bytes bigint not null,
  max_characters integer not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint plan_pkey PRIMARY KEY (id),
  constraint plan_concurrency_check CHECK ((concurrency > 0)),
  constraint plan_id_check CHECK ((id ~ '^[a-z][a-z0-9_-]{0,31}$'::text)),
  constraint plan_max_characters_check CHECK ((max_characters > 0)),
  constraint plan_requests_per_minute_check CHECK ((requests_per_minute > 0)),
  constraint plan_seconds_per_month_check CHECK (((seconds_per_month >= 0) AND (seconds_per_month <= 1000000000))),
  constraint plan_storage_bytes_check CHECK ((storage_bytes >= 0))
);

create table pronunciation (
  id uuid not null,
  user_id uuid not null,
  phrase text not null,
  replacement text not null,
  case_sensitive boolean default false not null,
  language text,
  voice_id uuid,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint pronunciation_pkey PRIMARY KEY (id),
  constraint pronunciation_user_id_phrase_case_sensitive_language_voice__key UNIQUE NULLS NOT DISTINCT (user_id, phrase, case_sensitive, language, voice_id),
  constraint pronunciation_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint pronunciation_voice_id_fkey FOREIGN KEY (voice_id) REFERENCES voice(id) ON DELETE CASCADE
);

create table provider_call (
  mark uuid not null,
  generation_id uuid not null,
  segment_index integer not null,
  number integer not null,
  attempt uuid not null,
  adopted_by uuid,
  engine text not null,
  request jsonb,
  provider_id text,
  outcome text,
  cost_micros bigint default 0 not null,
  ended_by text,
  announced_at timestamp with time zone default clock_timestamp() not null,
  accepted_at timestamp with time zone,
  ended_at timestamp with time zone,
  constraint provider_call_pkey PRIMARY KEY (mark),
  constraint provider_call_generation_id_segment_index_number_key UNIQUE (generation_id, segment_index, number),
  constraint provider_call_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES generation(id) ON DELETE CASCADE,
  constraint provider_call_check CHECK (((provider_id IS NULL) = (accepted_at IS NULL))),
  constraint provider_call_check1 CHECK ((((outcome IS NULL) = (ended_at IS NULL)) AND ((outcome IS NULL) = (ended_by IS NULL)))),
  constraint provider_call_check2 CHECK (((outcome IS NULL) OR (request IS NULL))),
  constraint provider_call_cost_micros_check CHECK ((cost_micros >= 0)),
  constraint provider_call_ended_by_check CHECK ((ended_by = ANY (ARRAY['attempt'::text, 'sweep'::text]))),
  constraint provider_call_number_check CHECK ((number > 0)),
  constraint provider_call_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'rejected'::text, 'failed'::text, 'canceled'::text, 'aborted'::text, 'refused'::text, 'gone'::text]))),
  constraint provider_call_segment_index_check CHECK ((segment_index >= 0))
) with (fillfactor=80);

create table quota_account (
  user_id uuid not null,
  period_start timestamp with time zone not null,
  period_end timestamp with time zone not null,
  granted_ms bigint default 0 not null,
  used_ms bigint default 0 not null,
  reserved_ms bigint default 0 not null,
  adjusted_ms bigint default 0 not null,
  last_turn bigint default 0 not null,
  constraint quota_account_pkey PRIMARY KEY (user_id, period_start),
  constraint quota_account_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint quota_account_check CHECK (((used_ms + reserved_ms) <= granted_ms)),
  constraint quota_account_granted_ms_check CHECK ((granted_ms >= 0)),
  constraint quota_account_reserved_ms_check CHECK ((reserved_ms >= 0)),
  constraint quota_account_used_ms_check CHECK ((used_ms >= 0))
);

create table quota_entry (
  id uuid default gen_random_uuid() not null,
  user_id uuid not null,
  period_start timestamp with time zone not null,
  generation_id uuid,
  kind text not null,
  ms bigint not null,
  attempt uuid,
  created_at timestamp with time zone default clock_timestamp() not null,
  by_user_id uuid,
  note text,
  constraint quota_entry_pkey PRIMARY KEY (id),
  constraint quota_entry_user_id_period_start_fkey FOREIGN KEY (user_id, period_start) REFERENCES quota_account(user_id, period_start),
  constraint quota_entry_generation_check CHECK (((kind = ANY (ARRAY['grant'::text, 'adjust'::text])) = (generation_id IS NULL))),
  constraint quota_entry_kind_check CHECK ((kind = ANY (ARRAY['reserve'::text, 'settle'::text, 'release'::text, 'grant'::text, 'adjust'::text, 'refund'::text]))),
  constraint quota_entry_ms_check CHECK (
CASE kind
    WHEN 'grant'::text THEN true
    WHEN 'adjust'::text THEN (ms <> 0)
    ELSE (ms >= 0)
END)
);

create unlogged table rate (
  key text not null,
  tat timestamp with time zone not null,
  constraint rate_pkey PRIMARY KEY (key)
) with (fillfactor=50);

create table rendition (
  generation_id uuid not null,
  format text not null,
  audio_key text not null,
  audio_bytes bigint not null,
  audio_sha256 text not null,
  created_at timestamp with time zone default now() not null,
  sample_rate integer default 24000 not null,
  bit_rate integer,
  loudness double precision,
  constraint rendition_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES generation(id) ON DELETE CASCADE,
  constraint rendition_bit_rate_check CHECK ((bit_rate > 0)),
  constraint rendition_sample_rate_check CHECK ((sample_rate > 0))
);

create table sample (
  id uuid not null,
  user_id uuid not null,
  purpose text not null,
  name text not null,
  container text not null,
  codec text not null,
  audio_key text not null,
  audio_bytes bigint not null,
  audio_sha256 text not null,
  duration_ms integer not null,
  sample_rate integer not null,
  channels integer not null,
  measured jsonb not null,
  peaks bytea not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  deleted_at timestamp with time zone,
  purged_at timestamp with time zone,
  constraint sample_pkey PRIMARY KEY (id),
  constraint sample_audio_key_key UNIQUE (audio_key),
  constraint sample_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint sample_audio_bytes_check CHECK ((audio_bytes > 0)),
  constraint sample_channels_check CHECK ((channels > 0)),
  constraint sample_duration_ms_check CHECK ((duration_ms > 0)),
  constraint sample_purpose_check CHECK ((purpose = ANY (ARRAY['voice'::text, 'consent'::text]))),
  constraint sample_sample_rate_check CHECK ((sample_rate > 0))
);

create table segment (
  generation_id uuid not null,
  index integer not null,
  start_offset integer not null,
  end_offset integer not null,
  pause_ms integer not null,
  state text default 'queued'::text not null,
  attempt uuid,
  attempts integer default 0 not null,
  audio_key text,
  audio_bytes bigint,
  audio_sha256 text,
  samples integer,
  sample_rate integer,
  duration_ms bigint,
  actual_cost_micros bigint default 0 not null,
  submitted_at timestamp with time zone,
  stored_at timestamp with time zone,
  flaws text[] default '{}'::text[] not null,
  content_hash text,
  cached boolean default false not null,
  constraint segment_pkey PRIMARY KEY (generation_id, index),
  constraint segment_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES generation(id) ON DELETE CASCADE,
  constraint segment_check CHECK ((end_offset > start_offset)),
  constraint segment_check1 CHECK (((state <> 'stored'::text) OR ((samples IS NOT NULL) AND (sample_rate IS NOT NULL) AND (stored_at IS NOT NULL)))),
  constraint segment_index_check CHECK ((index >= 0)),
  constraint segment_pause_ms_check CHECK ((pause_ms >= 0)),
  constraint segment_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'submitted'::text, 'stored'::text, 'failed'::text])))
);

create table session (
  id_hash bytea not null,
  user_id uuid not null,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone default now() not null,
  constraint session_pkey PRIMARY KEY (id_hash),
  constraint session_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE
);

create table storage_sweep (
  id boolean default true not null,
  mark uuid default gen_random_uuid() not null,
  begun_at timestamp with time zone not null,
  constraint storage_sweep_pkey PRIMARY KEY (id),
  constraint storage_sweep_id_check CHECK (id)
);

create table upload (
  id uuid not null,
  user_id uuid not null,
  audio_key text not null,
  reserved_bytes bigint not null,
  expires_at timestamp with time zone not null,
  constraint upload_pkey PRIMARY KEY (id),
  constraint upload_audio_key_key UNIQUE (audio_key),
  constraint upload_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint upload_reserved_bytes_check CHECK ((reserved_bytes > 0))
);

create table usage_day (
  user_id uuid not null,
  day date not null,
  voice_id uuid not null,
  key_id uuid,
  engine text not null,
  generations bigint default 0 not null,
  characters bigint default 0 not null,
  charged_ms bigint default 0 not null,
  cost_micros bigint default 0 not null,
  constraint usage_day_user_id_day_voice_id_key_id_engine_key UNIQUE NULLS NOT DISTINCT (user_id, day, voice_id, key_id, engine),
  constraint usage_day_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint usage_day_cost_micros_check CHECK ((cost_micros >= 0))
) with (fillfactor=80);

create table voice (
  id uuid not null,
  user_id uuid,
  engine text not null,
  engine_voice text not null,
  name text not null,
  gender text not null,
  language text not null,
  description text default ''::text not null,
  available boolean default true not null,
  created_at timestamp with time zone default now() not null,
  consent_id uuid,
  fidelity text,
  settings jsonb default '{}'::jsonb not null,
  labels jsonb default '{}'::jsonb not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  deleted_at timestamp with time zone,
  fallback_voice_id uuid,
  constraint voice_pkey PRIMARY KEY (id),
  constraint voice_consent_id_fkey FOREIGN KEY (consent_id) REFERENCES consent(id) ON DELETE CASCADE,
  constraint voice_fallback_voice_id_fkey FOREIGN KEY (fallback_voice_id) REFERENCES voice(id),
  constraint voice_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint voice_cloned CHECK ((((user_id IS NULL) = (consent_id IS NULL)) AND ((user_id IS NULL) = (fidelity IS NULL)))),
  constraint voice_fidelity_check CHECK ((fidelity = ANY (ARRAY['full'::text, 'preview'::text]))),
  constraint voice_gender_check CHECK ((gender = ANY (ARRAY['female'::text, 'male'::text, 'neutral'::text])))
);

create table voice_alias (
  user_id uuid not null,
  alias text not null,
  voice_id uuid not null,
  constraint voice_alias_pkey PRIMARY KEY (user_id, alias),
  constraint voice_alias_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint voice_alias_voice_id_fkey FOREIGN KEY (voice_id) REFERENCES voice(id) ON DELETE CASCADE
);

create table voice_preview (
  voice_id uuid not null,
  version text not null,
  audio_key text not null,
  audio_bytes bigint not null,
  audio_sha256 text not null,
  duration_ms integer not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint voice_preview_pkey PRIMARY KEY (voice_id),
  constraint voice_preview_audio_key_key UNIQUE (audio_key),
  constraint voice_preview_voice_id_fkey FOREIGN KEY (voice_id) REFERENCES voice(id) ON DELETE CASCADE
);

create table voice_preview_lease (
  voice_id uuid not null,
  token uuid not null,
  expires_at timestamp with time zone not null,
  constraint voice_preview_lease_pkey PRIMARY KEY (voice_id),
  constraint voice_preview_lease_voice_id_fkey FOREIGN KEY (voice_id) REFERENCES voice(id) ON DELETE CASCADE
);

create table voice_sample (
  voice_id uuid not null,
  sample_id uuid not null,
  "position" integer not null,
  constraint voice_sample_pkey PRIMARY KEY (voice_id, sample_id),
  constraint voice_sample_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES sample(id) ON DELETE CASCADE,
  constraint voice_sample_voice_id_fkey FOREIGN KEY (voice_id) REFERENCES voice(id) ON DELETE CASCADE,
  constraint voice_sample_position_check CHECK (("position" >= 0))
);

CREATE INDEX api_key_user_id ON public.api_key USING btree (user_id, id DESC);

CREATE INDEX consent_user ON public.consent USING btree (user_id, id DESC);

CREATE INDEX consent_sample_sample ON public.consent_sample USING btree (sample_id);

CREATE INDEX event_beside ON public.event USING btree (user_id, seq) WHERE (generation_id IS NULL);

CREATE INDEX event_created_at ON public.event USING brin (created_at);

CREATE INDEX event_generation ON public.event USING btree (generation_id, seq);

CREATE INDEX generation_consent ON public.generation USING btree (consent_id) WHERE ((consent_id IS NOT NULL) AND (state = ANY (ARRAY['queued'::text, 'running'::text])));

CREATE INDEX generation_key ON public.generation USING btree (key_id) WHERE (key_id IS NOT NULL);

CREATE INDEX generation_open ON public.generation USING btree (state, heartbeat_at) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX generation_take ON public.generation USING btree (take_of, id DESC) WHERE (take_of IS NOT NULL);

CREATE INDEX generation_unpurged ON public.generation USING btree (id) WHERE ((purged_at IS NULL) AND ((deleted_at IS NOT NULL) OR (state = ANY (ARRAY['failed'::text, 'canceled'::text]))));

CREATE INDEX generation_user ON public.generation USING btree (user_id, id DESC) WHERE (deleted_at IS NULL);

CREATE INDEX idempotency_created_at ON public.idempotency USING btree (created_at);

CREATE INDEX lease_user ON public.lease USING btree (user_id);

CREATE INDEX pronunciation_user ON public.pronunciation USING btree (user_id, id DESC);

CREATE INDEX provider_call_announced_at ON public.provider_call USING brin (announced_at) WITH (pages_per_range='16', autosummarize='on');

CREATE UNIQUE INDEX provider_call_id ON public.provider_call USING btree (engine, provider_id) WHERE (provider_id IS NOT NULL);

CREATE INDEX provider_call_open ON public.provider_call USING btree (announced_at) WHERE (outcome IS NULL);

CREATE INDEX quota_entry_account ON public.quota_entry USING btree (user_id, created_at, id);

CREATE UNIQUE INDEX quota_entry_one_refund ON public.quota_entry USING btree (generation_id) WHERE (kind = 'refund'::text);

CREATE UNIQUE INDEX quota_entry_one_reserve ON public.quota_entry USING btree (generation_id) WHERE (kind = 'reserve'::text);

CREATE UNIQUE INDEX quota_entry_one_resolution ON public.quota_entry USING btree (generation_id) WHERE (kind = ANY (ARRAY['settle'::text, 'release'::text]));

CREATE UNIQUE INDEX rendition_output ON public.rendition USING btree (generation_id, format, sample_rate, bit_rate, loudness) NULLS NOT DISTINCT;

CREATE INDEX sample_unpurged ON public.sample USING btree (id) WHERE ((deleted_at IS NOT NULL) AND (purged_at IS NULL));

CREATE INDEX sample_user ON public.sample USING btree (user_id, id DESC) WHERE (deleted_at IS NULL);

CREATE INDEX segment_content ON public.segment USING btree (content_hash, stored_at DESC) WHERE (content_hash IS NOT NULL);

CREATE INDEX segment_stored_at ON public.segment USING brin (stored_at) WITH (pages_per_range='16', autosummarize='on');

CREATE INDEX session_expires_at ON public.session USING btree (expires_at);

CREATE INDEX session_user_id ON public.session USING btree (user_id);

CREATE INDEX upload_expires_at ON public.upload USING btree (expires_at);

CREATE INDEX upload_user ON public.upload USING btree (user_id);

CREATE INDEX usage_day_day ON public.usage_day USING btree (day);

CREATE INDEX voice_consent ON public.voice USING btree (consent_id) WHERE (consent_id IS NOT NULL);

CREATE UNIQUE INDEX voice_preset ON public.voice USING btree (engine, engine_voice) WHERE (user_id IS NULL);

CREATE INDEX voice_preset_name ON public.voice USING btree (lower(name)) WHERE (user_id IS NULL);

CREATE INDEX voice_user_id ON public.voice USING btree (user_id);

CREATE INDEX voice_alias_voice ON public.voice_alias USING btree (voice_id);

CREATE INDEX voice_sample_sample ON public.voice_sample USING btree (sample_id);

create view object_named as
 SELECT 'generation'::text AS noun,
    generation.id,
    generation.audio_key AS key,
    generation.finished_at AS since
   FROM generation
  WHERE generation.state = 'succeeded'::text AND generation.deleted_at IS NULL AND generation.audio_key IS NOT NULL
UNION ALL
 SELECT 'segment'::text AS noun,
    g.id,
    s.audio_key AS key,
    g.finished_at AS since
   FROM segment s
     JOIN generation g ON g.id = s.generation_id
  WHERE g.state = 'succeeded'::text AND g.deleted_at IS NULL AND s.audio_key IS NOT NULL
UNION ALL
 SELECT 'rendition'::text AS noun,
    g.id,
    r.audio_key AS key,
    r.created_at AS since
   FROM rendition r
     JOIN generation g ON g.id = r.generation_id
  WHERE g.deleted_at IS NULL
UNION ALL
 SELECT 'sample'::text AS noun,
    sample.id,
    sample.audio_key AS key,
    sample.created_at AS since
   FROM sample
  WHERE sample.deleted_at IS NULL
UNION ALL
 SELECT 'preview'::text AS noun,
    voice_preview.voice_id AS id,
    voice_preview.audio_key AS key,
    voice_preview.created_at AS since
   FROM voice_preview;

create view report.account as
 SELECT id,
    email,
    name,
    role,
    plan_id,
    disabled_at,
    created_at
   FROM account;

create view report.attempt as
 SELECT token,
    generation_id,
    number,
    outcome,
    predicted_cost_micros,
    actual_cost_micros,
    started_at,
    ended_at
   FROM attempt;

create view report.cost_month as
 SELECT month,
    user_id,
    spent_micros,
    held_micros
   FROM cost_month;

create view report.generation as
 SELECT id,
    user_id,
    key_id,
    voice_id,
    engine,
    state,
    characters,
    format,
    settings,
    title,
    segments_total,
    segments_done,
    estimated_ms,
    reserved_ms,
    duration_ms,
    charged_ms,
    predicted_cost_micros,
    actual_cost_micros,
    attempt,
    attempts,
    error_reason,
    error_message,
    audio_key,
    audio_bytes,
    audio_sha256,
    created_at,
    started_at,
    finished_at,
    deleted_at,
    seed,
    degraded_at
   FROM generation;

create view report.prediction as
 SELECT mark,
    generation_id,
    segment_index,
    number,
    attempt,
    adopted_by,
    engine,
    provider_id,
        CASE
            WHEN ended_by = 'sweep'::text THEN 'orphaned'::text
            WHEN adopted_by IS NOT NULL THEN 'adopted'::text
            ELSE 'own'::text
        END AS belongs,
    COALESCE(outcome, 'open'::text) AS outcome,
    cost_micros,
    ended_by,
    announced_at,
    accepted_at,
    ended_at
   FROM provider_call;

create view report.quota_account as
 SELECT user_id,
    period_start,
    period_end,
    granted_ms,
    used_ms,
    reserved_ms,
    adjusted_ms
   FROM quota_account;

create view report.quota_entry as
 SELECT id,
    user_id,
    period_start,
    generation_id,
    kind,
    ms,
    attempt,
    created_at,
    by_user_id,
    note
   FROM quota_entry;

create view report.segment as
 SELECT generation_id,
    index,
    start_offset,
    end_offset,
    pause_ms,
    state,
    attempt,
    attempts,
    audio_key,
    audio_bytes,
    audio_sha256,
    samples,
    sample_rate,
    duration_ms,
    actual_cost_micros,
    submitted_at,
    stored_at
   FROM segment;

create view report.usage_day as
 SELECT user_id,
    day,
    voice_id,
    key_id,
    engine,
    generations,
    characters,
    charged_ms,
    cost_micros
   FROM usage_day;

CREATE OR REPLACE FUNCTION public.admit_key(p_public_id text, p_secret_hash bytea, p_take boolean, OUT id uuid, OUT user_id uuid, OUT secret_hash bytea, OUT scopes text[], OUT role text, OUT revoked boolean, OUT expired boolean, OUT disabled boolean, OUT use_is_news boolean, OUT allowance_id uuid, OUT key_per_minute integer, OUT user_per_minute integer, OUT taken rate_taken)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
begin
  select k.id, k.user_id, k.secret_hash, k.scopes, a.role, k.revoked_at is not null,
      coalesce(k.expires_at <= clock_timestamp(), false), a.disabled_at is not null,
      coalesce(k.last_used_at < clock_timestamp() - interval '60 seconds', true),
      coalesce(k.allowance_of, k.id), k.requests_per_minute, p.requests_per_minute
    into id, user_id, secret_hash, scopes, role, revoked, expired, disabled, use_is_news, allowance_id, key_per_minute, user_per_minute
    from api_key k join account a on a.id = k.user_id join plan p on p.id = a.plan_id
    where k.public_id = p_public_id;
  -- Digests: how long they take to compare tells nothing of the secret.
  if p_take and secret_hash = p_secret_hash and not (revoked or expired or disabled) then
    taken := rate_take_both('key:' || allowance_id, key_per_minute, 'user:' || user_id, user_per_minute);
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.admit_session(p_id_hash bytea, p_take boolean, OUT user_id uuid, OUT expires_at timestamp with time zone, OUT created_at timestamp with time zone, OUT role text, OUT disabled boolean, OUT user_per_minute integer, OUT taken rate_taken)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
begin
  select s.user_id, s.expires_at, s.created_at, a.role, a.disabled_at is not null, p.requests_per_minute
    into user_id, expires_at, created_at, role, disabled, user_per_minute
    from session s join account a on a.id = s.user_id join plan p on p.id = a.plan_id
    where s.id_hash = p_id_hash;
  if p_take and user_id is not null and not disabled then
    taken := rate_take_both(null, null, 'user:' || user_id, user_per_minute);
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.call_accept(p_mark uuid, p_provider_id text)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  update provider_call set provider_id = p_provider_id, accepted_at = coalesce(accepted_at, clock_timestamp()),
      outcome = nullif(outcome, 'refused'),
      adopted_by = case when outcome is distinct from 'refused' then adopted_by end,
      ended_by = case when outcome is distinct from 'refused' then ended_by end,
      ended_at = case when outcome is distinct from 'refused' then ended_at end
    where mark = p_mark and coalesce(provider_id, p_provider_id) = p_provider_id;
  return found;
exception when unique_violation then
  return false;
end $function$;

CREATE OR REPLACE FUNCTION public.call_announce(p_mark uuid, p_generation uuid, p_index integer, p_attempt uuid, p_request jsonb, p_most integer)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
declare
  v_engine text;
  v_before record;
begin
  -- In turns with whoever ends the generation: either it is seen here, or it finds this call.
  select engine into v_engine from generation
    where id = p_generation and state = 'running' and attempt = p_attempt for share;
  if not found then
    return 'lost';
  end if;
  select count(*) filter (where outcome is distinct from 'refused') as made, count(*) + 1 as number,
      bool_or(outcome is null and provider_id is null) as unknown
    into v_before from provider_call where generation_id = p_generation and segment_index = p_index;
  if v_before.made >= p_most then
    return case when v_before.unknown then 'unknown' else 'exhausted' end;
  end if;
  insert into provider_call (mark, generation_id, segment_index, number, attempt, engine, request)
    values (p_mark, p_generation, p_index, v_before.number, p_attempt, v_engine, p_request);
  return 'announced';
end $function$;

CREATE OR REPLACE FUNCTION public.call_close(p_mark uuid, p_attempt uuid, p_outcome text, p_cost_micros bigint, OUT generation uuid, OUT payer uuid, OUT micros bigint)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  v_call provider_call;
begin
  select * into v_call from provider_call where mark = p_mark;
  if not found then
    return;
  end if;
  -- The sweep comes late to what an attempt has seen to end; and an attempt that has lost its generation meanwhile has
  -- nothing to add but what it cost.
  if v_call.outcome is not null and (p_attempt is null or p_cost_micros <= v_call.cost_micros and not exists (
      select from generation where id = v_call.generation_id and state = 'running' and attempt = p_attempt)) then
    return;
  end if;
  -- Whoever looked for it in vain may have looked before it was there.
  if p_outcome = 'refused' and v_call.provider_id is not null then
    return;
  end if;
  update provider_call set outcome = p_outcome, cost_micros = greatest(cost_micros, p_cost_micros), request = null,
      ended_by = case when p_attempt is null then 'sweep' else 'attempt' end,
      adopted_by = case when p_attempt <> attempt then p_attempt else adopted_by end,
      ended_at = clock_timestamp()
    where mark = p_mark;
  generation := v_call.generation_id;
  payer := v_call.attempt;
  micros := p_cost_micros - v_call.cost_micros;
  if micros > 0 then
    update segment set actual_cost_micros = actual_cost_micros + micros
      where generation_id = v_call.generation_id and index = v_call.segment_index;
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.call_end(p_mark uuid, p_attempt uuid, p_outcome text, p_cost_micros bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform calls_end(array[p_mark], array[p_attempt], array[p_outcome], array[p_cost_micros]);
end $function$;

CREATE OR REPLACE FUNCTION public.call_reject(p_mark uuid, p_attempt uuid, p_most integer)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  v_call provider_call;
begin
  perform from generation where id = (select generation_id from provider_call where mark = p_mark)
    and state = 'running' and attempt = p_attempt for share;
  if not found then
    return false;
  end if;
  select * into strict v_call from provider_call where mark = p_mark;
  if p_most <= (select count(*) from provider_call where generation_id = v_call.generation_id
      and segment_index = v_call.segment_index and outcome is distinct from 'refused') then
    return false;
  end if;
  update provider_call set outcome = 'rejected' where mark = p_mark and outcome = 'succeeded';
  return found;
end $function$;

CREATE OR REPLACE FUNCTION public.calls_accept(p_marks uuid[], p_provider_ids text[])
 RETURNS SETOF boolean
 LANGUAGE plpgsql
AS $function$
begin
  perform from provider_call where mark = any(p_marks) order by mark for no key update;
  return query select call_accept(t.mark, t.provider_id)
    from unnest(p_marks, p_provider_ids) with ordinality t (mark, provider_id, place) order by t.place;
end $function$;

CREATE OR REPLACE FUNCTION public.calls_announce(p_calls jsonb)
 RETURNS SETOF text
 LANGUAGE plpgsql
AS $function$
begin
  perform from generation where id = any(array(select (c->>'generation')::uuid from jsonb_array_elements(p_calls) c))
    order by id for share;
  return query select case
      when exists (select from generation g where g.id = c.generation and g.state = 'running' and g.attempt = c.attempt
        and g.cost_held_micros < c.micros) then 'uncovered'
      else call_announce(c.mark, c.generation, c.index, c.attempt, c.request, c.most) end
    from rows from (jsonb_to_recordset(p_calls)
      as (mark uuid, generation uuid, index integer, attempt uuid, request jsonb, most integer, micros bigint)) with ordinality
      c (mark, generation, index, attempt, request, most, micros, place)
    order by c.place;
end $function$;

CREATE OR REPLACE FUNCTION public.calls_end(p_marks uuid[], p_attempts uuid[], p_outcomes text[], p_costs_micros bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_ids uuid[];
  v_generations uuid[];
  v_payers uuid[];
  v_micros bigint[];
begin
  v_ids := array(select generation_id from provider_call where mark = any(p_marks));
  perform from generation where id = any(v_ids) order by id for no key update;
  perform from provider_call where mark = any(p_marks) order by mark for no key update;
  select array_agg(c.generation), array_agg(c.payer), array_agg(c.micros) into v_generations, v_payers, v_micros
    from unnest(p_marks, p_attempts, p_outcomes, p_costs_micros) t (mark, attempt, outcome, cost_micros),
      call_close(t.mark, t.attempt, t.outcome, t.cost_micros) c
    where c.micros > 0;
  if v_generations is not null then
    perform costs_spend(v_generations, v_payers, v_micros);
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.consent_holds(p_id uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select exists (select from consent
    where id = p_id and revoked_at is null and (expires_at is null or expires_at > clock_timestamp()))
$function$;

CREATE OR REPLACE FUNCTION public.consent_keep()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if old.revoked_at is not null or (to_jsonb(new) - 'revoked_at') is distinct from (to_jsonb(old) - 'revoked_at') then
        raise exception 'consent % may only be revoked, once', old.id using errcode = 'integrity_constraint_violation';
      end if;
      return new;
    end $function$;

CREATE OR REPLACE FUNCTION public.consent_revoke(p_id uuid, p_user uuid, OUT revoked boolean, OUT generations uuid[], OUT voices uuid[], OUT objects text[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.consent_sample_keep()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception 'what consent % covers is final', old.consent_id using errcode = 'integrity_constraint_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.cost_cover(p_generation uuid, p_attempt uuid, p_micros bigint)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
declare
  v_generation generation;
  v_lacking bigint;
  v_scope text;
begin
  select * into v_generation from generation
    where id = p_generation and state = 'running' and attempt = p_attempt for no key update;
  if not found then
    return 'lost';
  end if;
  v_lacking := p_micros - v_generation.cost_held_micros;
  if v_lacking <= 0 then
    return 'covered';
  end if;
  v_scope := cost_hold(v_generation.user_id, month_of(v_generation.created_at), v_lacking);
  if v_scope is not null then
    return v_scope;
  end if;
  update generation set cost_held_micros = p_micros where id = p_generation;
  return 'covered';
end $function$;

CREATE OR REPLACE FUNCTION public.cost_hold(p_user uuid, p_month date, p_micros bigint)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
declare
  v_cost bigint;
begin
  insert into cost_month (month, user_id) values (p_month, p_user), (p_month, null) on conflict do nothing;
  select spent_micros + held_micros into strict v_cost from cost_month
    where month = p_month and user_id = p_user for no key update;
  if exists (select from budget where user_id = p_user and v_cost + p_micros > limit_micros) then
    return 'user';
  end if;
  select spent_micros + held_micros into strict v_cost from cost_month
    where month = p_month and user_id is null for no key update;
  if exists (select from budget where user_id is null and v_cost + p_micros > limit_micros) then
    return 'installation';
  end if;
  update cost_month set held_micros = held_micros + p_micros where month = p_month and user_id = p_user;
  update cost_month set held_micros = held_micros + p_micros where month = p_month and user_id is null;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.cost_release(p_user uuid, p_month date, p_micros bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if p_micros > 0 then
    update cost_month set held_micros = held_micros - p_micros where month = p_month and user_id = p_user;
    update cost_month set held_micros = held_micros - p_micros where month = p_month and user_id is null;
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.cost_spend(p_generation uuid, p_attempt uuid, p_micros bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if p_micros <> 0 then
    perform costs_spend(array[p_generation], array[p_attempt], array[p_micros]);
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.costs_spend(p_generations uuid[], p_attempts uuid[], p_micros bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_before generation;
  v_held bigint;
  v_now timestamptz := clock_timestamp();
  v_spent cost_month[];
  v_released cost_month[];
  v_days usage_day[];
begin
  for v_index in 1 .. coalesce(cardinality(p_generations), 0) loop
    select * into strict v_before from generation where id = p_generations[v_index] for no key update;
    v_held := least(v_before.cost_held_micros, p_micros[v_index]);
    update generation set actual_cost_micros = actual_cost_micros + p_micros[v_index], cost_held_micros = cost_held_micros - v_held
      where id = v_before.id;
    update attempt set actual_cost_micros = actual_cost_micros + p_micros[v_index] where token = p_attempts[v_index];
    v_spent := v_spent || (month_of(v_now), v_before.user_id, p_micros[v_index], 0)::cost_month;
    if v_held > 0 then
      v_released := v_released || (month_of(v_before.created_at), v_before.user_id, 0, v_held)::cost_month;
    end if;
    v_days := v_days || (v_before.user_id, (v_now at time zone 'UTC')::date, v_before.voice_id, v_before.key_id, v_before.engine,
      0, 0, 0, p_micros[v_index])::usage_day;
  end loop;
  insert into cost_month as c (month, user_id, spent_micros)
    select month, user_id, sum(spent_micros) from unnest(v_spent || v_released) group by grouping sets ((month, user_id), (month))
      order by month desc, user_id nulls last
    on conflict (month, user_id) do update set spent_micros = c.spent_micros + excluded.spent_micros,
      held_micros = c.held_micros - coalesce((select sum(r.held_micros) from unnest(v_released) r
        where r.month = c.month and (c.user_id is null or r.user_id = c.user_id)), 0);
  insert into usage_day as u (user_id, day, voice_id, key_id, engine, cost_micros)
    select user_id, day, voice_id, key_id, engine, sum(cost_micros) from unnest(v_days)
      group by user_id, day, voice_id, key_id, engine order by user_id, day, voice_id, key_id, engine
    on conflict (user_id, day, voice_id, key_id, engine) do update set cost_micros = u.cost_micros + excluded.cost_micros;
end $function$;

CREATE OR REPLACE FUNCTION public.event_append(p_generation generation, p_type text, p_segment jsonb)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.event_append_beside(p_user uuid, p_type text, p_id uuid)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
declare
  v_seq bigint;
begin
  insert into event_stream as s (user_id, last_seq) values (p_user, 1)
    on conflict (user_id) do update set last_seq = s.last_seq + 1
    returning last_seq into v_seq;
  insert into event (user_id, seq, type, data) values (p_user, v_seq, p_type, jsonb_build_object('id', p_id));
  return v_seq;
end $function$;

CREATE OR REPLACE FUNCTION public.event_forget(p_keep interval, p_most integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.generation_cancel_unconsented(p_id uuid)
 RETURNS generation
 LANGUAGE plpgsql
AS $function$
begin
  perform from generation where id = p_id and state in ('queued', 'running')
    and consent_id is not null and not consent_holds(consent_id);
  if not found then
    return null;
  end if;
  return generation_give_up(p_id, null, 'canceled', null, null);
end $function$;

CREATE OR REPLACE FUNCTION public.generation_claim(p_id uuid, p_attempt uuid)
 RETURNS generation
 LANGUAGE plpgsql
AS $function$
declare
  v_generation generation;
  v_was record;
begin
  select state, attempt, consent_id into v_was from generation
    where id = p_id and state in ('queued', 'running') for no key update;
  if not found or v_was.consent_id is not null and not consent_holds(v_was.consent_id) then
    return null;
  end if;
  update generation set state = 'running', attempt = p_attempt, attempts = attempts + 1,
      fruitless_attempts = fruitless_attempts + 1, heartbeat_at = clock_timestamp(),
      started_at = coalesce(started_at, clock_timestamp())
    where id = p_id returning * into v_generation;
  if v_was.attempt is not null then
    update attempt set outcome = 'lost', ended_at = clock_timestamp() where token = v_was.attempt and outcome = 'running';
  end if;
  -- What the segments that are stored cost was paid by earlier attempts.
  insert into attempt (token, generation_id, number, predicted_cost_micros)
    values (p_attempt, p_id, v_generation.attempts, v_generation.predicted_cost_micros
      * (v_generation.segments_total - v_generation.segments_done) / v_generation.segments_total);
  if v_was.state = 'queued' then
    perform event_append(v_generation, 'running', null);
  end if;
  return v_generation;
end $function$;

CREATE OR REPLACE FUNCTION public.generation_create(p_new generation, p_job text, p_route text, p_key text, p_hash bytea, p_keep interval, p_anew boolean, p_answer text, OUT outcome text, OUT detail text, OUT response text, OUT created_at timestamp with time zone, OUT granted_ms bigint, OUT remaining_ms bigint, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  v_generation generation;
  v_reservation record;
  v_earlier record;
  v_account quota_account;
  v_held bigint := greatest(p_new.predicted_cost_micros, p_new.cost_held_micros);
begin
  if p_key is not null then
    insert into idempotency as i (user_id, route, key, request_hash, created_at)
      values (p_new.user_id, p_route, p_key, p_hash, clock_timestamp())
      on conflict (user_id, route, key) do update
        set request_hash = excluded.request_hash, response = null, about = null, created_at = excluded.created_at
        where p_anew or i.created_at < clock_timestamp() - p_keep;
    if not found then
      select i.request_hash, i.response into strict v_earlier from idempotency i
        where i.user_id = p_new.user_id and i.route = p_route and i.key = p_key;
      outcome := case when v_earlier.request_hash = p_hash then 'replayed' else 'key_reused' end;
      response := v_earlier.response;
      return;
    end if;
  end if;

  perform quota_lock(p_new.user_id);
  -- To the millisecond, which is what goes on the wire; and once for all, so that the month that holds is that of creation.
  created_at := date_trunc('milliseconds', clock_timestamp());
  -- Under the lock, which a revocation takes too: it finds this generation, or is seen here.
  if p_new.consent_id is not null and not voice_may_speak(p_new.voice_id, p_new.consent_id) then
    outcome := 'consent_required';
  end if;
  if outcome is null and v_held > 0 then
    detail := cost_hold(p_new.user_id, month_of(created_at), v_held);
    if detail is not null then
      outcome := 'budget_exceeded';
    end if;
  end if;
  if outcome is null then
    select * into v_reservation from quota_reserve(p_new.user_id, p_new.id, p_new.reserved_ms);
    v_account := v_reservation.account;
    granted_ms := v_account.granted_ms;
    remaining_ms := v_account.granted_ms - v_account.used_ms - v_account.reserved_ms;
    period_start := v_account.period_start;
    period_end := v_account.period_end;
    if not v_reservation.reserved then
      outcome := 'quota_exceeded';
      perform cost_release(p_new.user_id, month_of(created_at), v_held);
    end if;
  end if;
  if outcome is not null then
    delete from idempotency i where i.user_id = p_new.user_id and i.route = p_route and i.key = p_key;
    return;
  end if;

  outcome := 'created';
  insert into generation (id, user_id, key_id, voice_id, consent_id, engine, text, characters, format, sample_rate, bit_rate,
      loudness, settings, seed, pronunciations, normalized_as, title, segments_total, estimated_ms, reserved_ms, predicted_cost_micros, cost_held_micros, turn,
      created_at, take_of, kept_from, spoken_anew, cache, fallback)
    values (p_new.id, p_new.user_id, p_new.key_id, p_new.voice_id, p_new.consent_id, p_new.engine, p_new.text, p_new.characters,
      p_new.format, p_new.sample_rate, p_new.bit_rate, p_new.loudness, p_new.settings, p_new.seed, p_new.pronunciations, p_new.normalized_as, p_new.title, p_new.segments_total,
      p_new.estimated_ms, p_new.reserved_ms, p_new.predicted_cost_micros, v_held, v_account.last_turn,
      created_at, p_new.take_of, p_new.kept_from, p_new.spoken_anew, coalesce(p_new.cache, true), p_new.fallback)
    returning * into v_generation;
  perform queue_put(p_job, jsonb_build_object('generationId', p_new.id), p_new.id::text, p_new.user_id::text,
    (select plan_id from account where id = p_new.user_id), v_account.last_turn);
  if p_key is not null then
    response := replace(p_answer, p_new.id || '@created', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
    update idempotency i set response = generation_create.response, about = 'gen_' || p_new.id
      where i.user_id = p_new.user_id and i.route = p_route and i.key = p_key;
  end if;
  perform event_append(v_generation, 'queued', null);
end $function$;

CREATE OR REPLACE FUNCTION public.generation_end_attempt(p_generation generation, p_outcome text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if p_generation.attempt is not null then
    update attempt set outcome = p_outcome, ended_at = clock_timestamp()
      where token = p_generation.attempt and outcome = 'running';
  end if;
  if p_generation.cost_held_micros > 0 then
    update generation set cost_held_micros = 0 where id = p_generation.id;
    perform cost_release(p_generation.user_id, month_of(p_generation.created_at), p_generation.cost_held_micros);
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.generation_fall_back(p_id uuid, p_attempt uuid)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  v_was generation;
  v_other generation;
  v_generation generation;
begin
  perform quota_lock(user_id) from generation where id = p_id;
  select * into v_was from generation where id = p_id and state = 'running' and attempt = p_attempt and segments_done = 0
    and fallback is not null and fell_back_at is null for no key update;
  if not found then
    return false;
  end if;
  v_other := jsonb_populate_record(null::generation, v_was.fallback);
  if not exists (select from voice where id = v_other.voice_id and deleted_at is null and available)
    or v_other.consent_id is not null and not voice_may_speak(v_other.voice_id, v_other.consent_id)
    or exists (select from provider_call where generation_id = p_id and (outcome is null or outcome = 'succeeded')) then
    return false;
  end if;
  -- Better to wait than to fail for want of money.
  if cost_hold(v_was.user_id, month_of(v_was.created_at), greatest(0, v_other.predicted_cost_micros - v_was.cost_held_micros)) is not null then
    return false;
  end if;
  perform generation_release(p_id, p_attempt);
  update generation set voice_id = v_other.voice_id, consent_id = v_other.consent_id, engine = v_other.engine,
      settings = v_other.settings, seed = v_other.seed, pronunciations = v_other.pronunciations,
      normalized_as = v_other.normalized_as, estimated_ms = v_other.estimated_ms,
      predicted_cost_micros = v_other.predicted_cost_micros, fallback = generation_speech(v_was),
      cost_held_micros = v_other.predicted_cost_micros,
      fell_back_at = clock_timestamp(), degraded_at = null
    where id = p_id returning * into v_generation;
  perform cost_release(v_was.user_id, month_of(v_was.created_at), v_was.cost_held_micros - v_generation.cost_held_micros);
  perform event_append(v_generation, 'fell_back', null);
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.generation_give_up(p_id uuid, p_attempt uuid, p_state text, p_reason text, p_message text)
 RETURNS generation
 LANGUAGE plpgsql
AS $function$
declare
  v_generation generation;
begin
  v_generation := generation_stop(p_id, p_attempt, p_state, p_reason, p_message);
  if v_generation.id is not null then
    perform event_append(v_generation, p_state, null);
  end if;
  return v_generation;
end $function$;

CREATE OR REPLACE FUNCTION public.generation_keep_terminal()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if (new.state, new.attempt, new.duration_ms, new.charged_ms, new.finished_at, new.reserved_ms)
        is distinct from (old.state, old.attempt, old.duration_ms, old.charged_ms, old.finished_at, old.reserved_ms) then
        raise exception 'generation % is %, which is final', old.id, old.state using errcode = 'integrity_constraint_violation';
      end if;
      return new;
    end $function$;

CREATE OR REPLACE FUNCTION public.generation_keeps_finished(p_generation generation, p_for interval)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select p_generation.state = 'failed' and p_generation.error_reason <> 'storage_full' and p_generation.segments_done > 0
    and p_generation.deleted_at is null and p_generation.purged_at is null and p_generation.finished_at > now() - p_for
    and case when p_generation.consent_id is null
      then exists (select from voice where id = p_generation.voice_id and deleted_at is null)
      else voice_may_speak(p_generation.voice_id, p_generation.consent_id) end
$function$;

CREATE OR REPLACE FUNCTION public.generation_release(p_id uuid, p_attempt uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform from generation where id = p_id and attempt = p_attempt and state = 'running' for no key update;
  update attempt set outcome = 'released', ended_at = clock_timestamp() where token = p_attempt and outcome = 'running';
  if found then
    update generation set fruitless_attempts = greatest(0, fruitless_attempts - 1), heartbeat_at = null where id = p_id;
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.generation_settle(p_id uuid, p_attempt uuid, p_duration_ms bigint, p_audio_key text, p_audio_bytes bigint, p_audio_sha256 text)
 RETURNS generation
 LANGUAGE plpgsql
AS $function$
declare
  v_generation generation;
begin
  perform quota_lock(user_id) from generation where id = p_id;
  perform from generation where id = p_id and state = 'running' and attempt = p_attempt for no key update;
  if not found then
    return null;
  end if;
  update generation set state = 'succeeded', duration_ms = p_duration_ms, audio_key = p_audio_key,
      audio_bytes = p_audio_bytes, audio_sha256 = p_audio_sha256, finished_at = clock_timestamp(),
      charged_ms = quota_resolve(user_id, id, 'settle', p_duration_ms, p_attempt)
    where id = p_id returning * into v_generation;
  perform generation_end_attempt(v_generation, 'succeeded');
  perform usage_add(v_generation.user_id, v_generation.voice_id, v_generation.key_id, v_generation.engine, 1,
    v_generation.characters, v_generation.charged_ms, 0);
  return v_generation;
end $function$;

CREATE OR REPLACE FUNCTION public.generation_speech(p_generation generation)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select jsonb_build_object('voice_id', p_generation.voice_id, 'consent_id', p_generation.consent_id,
    'engine', p_generation.engine, 'settings', p_generation.settings, 'seed', p_generation.seed,
    'pronunciations', p_generation.pronunciations, 'normalized_as', p_generation.normalized_as,
    'estimated_ms', p_generation.estimated_ms, 'predicted_cost_micros', p_generation.predicted_cost_micros)
$function$;

CREATE OR REPLACE FUNCTION public.generation_stop(p_id uuid, p_attempt uuid, p_state text, p_reason text, p_message text)
 RETURNS generation
 LANGUAGE plpgsql
AS $function$
declare
  v_generation generation;
begin
  perform quota_lock(user_id) from generation where id = p_id;
  perform from generation
    where id = p_id and state in ('queued', 'running') and (p_attempt is null or attempt = p_attempt) for no key update;
  if not found then
    return null;
  end if;
  update generation set state = p_state, error_reason = p_reason, error_message = p_message, charged_ms = 0,
      finished_at = clock_timestamp()
    where id = p_id returning * into v_generation;
  perform quota_resolve(v_generation.user_id, p_id, 'release', 0, p_attempt);
  perform generation_end_attempt(v_generation, p_state);
  return v_generation;
end $function$;

CREATE OR REPLACE FUNCTION public.generation_succeed(p_id uuid, p_attempt uuid, p_duration_ms bigint, p_audio_key text, p_audio_bytes bigint, p_audio_sha256 text)
 RETURNS generation
 LANGUAGE plpgsql
AS $function$
declare
  v_generation generation;
begin
  v_generation := generation_settle(p_id, p_attempt, p_duration_ms, p_audio_key, p_audio_bytes, p_audio_sha256);
  if v_generation.id is not null then
    perform event_append(v_generation, 'succeeded', null);
  end if;
  return v_generation;
end $function$;

CREATE OR REPLACE FUNCTION public.generation_wait(p_id uuid, p_attempt uuid, p_wait interval)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  v_generation generation;
  v_since timestamptz;
begin
  perform generation_release(p_id, p_attempt);
  select degraded_at into v_since from generation where id = p_id and attempt = p_attempt and state = 'running' for no key update;
  if not found then
    return false;
  end if;
  update generation set degraded_at = coalesce(degraded_at, clock_timestamp()),
      heartbeat_at = clock_timestamp() + p_wait - interval '15 seconds'
    where id = p_id returning * into v_generation;
  if v_since is null then
    perform event_append(v_generation, 'waiting', null);
  end if;
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.generations_begin(p_begun jsonb)
 RETURNS TABLE(held boolean, source jsonb)
 LANGUAGE plpgsql
AS $function$
begin
  perform generations_lock((select array_agg((b->>'generation')::uuid) from jsonb_array_elements(p_begun) b));
  return query select b.held, case when b.held then segment_source(null, null, b.value->>'contentHash') end
    from (select value, ordinality, segments_begin((value->>'generation')::uuid, (value->>'attempt')::uuid, value->'segments',
        (value->>'submitted')::boolean) as held
      from jsonb_array_elements(p_begun) with ordinality order by ordinality offset 0) b
    order by b.ordinality;
end $function$;

CREATE OR REPLACE FUNCTION public.generations_claim(p_ids uuid[], p_attempts uuid[])
 RETURNS SETOF generation
 LANGUAGE plpgsql
AS $function$
begin
  perform generations_lock(p_ids);
  return query select g.* from unnest(p_ids, p_attempts) t (id, attempt), generation_claim(t.id, t.attempt) g
    where g.id is not null;
end $function$;

CREATE OR REPLACE FUNCTION public.generations_lock(p_ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform from generation where id = any(p_ids) order by id for no key update;
  perform from event_stream where user_id in (select user_id from generation where id = any(p_ids))
    order by user_id for no key update;
end $function$;

CREATE OR REPLACE FUNCTION public.generations_renew(p_ids uuid[], p_attempts uuid[])
 RETURNS SETOF uuid
 LANGUAGE plpgsql
AS $function$
begin
  update generation set heartbeat_at = clock_timestamp() where id = any(array(
    select g.id from unnest(p_ids, p_attempts) t (id, attempt) join generation g on g.id = t.id and g.attempt = t.attempt
      where g.state = 'running' for no key update of g skip locked));
  return query select t.attempt from unnest(p_ids, p_attempts) t (id, attempt)
    where not exists (select from generation g where g.id = t.id and g.attempt = t.attempt and g.state = 'running');
end $function$;

CREATE OR REPLACE FUNCTION public.generations_succeed(p_ids uuid[], p_attempts uuid[], p_durations_ms bigint[], p_audio_keys text[], p_audio_bytes bigint[], p_audio_sha256s text[])
 RETURNS SETOF uuid
 LANGUAGE plpgsql
AS $function$
declare
  v_user uuid;
  v_settled generation[];
begin
  for v_user in select distinct user_id from generation where id = any(p_ids) order by user_id loop
    perform quota_lock(v_user);
  end loop;
  perform from generation where id = any(p_ids) order by id for no key update;
  select array_agg(g order by g.user_id) into v_settled
    from (select t.* from unnest(p_ids, p_attempts, p_durations_ms, p_audio_keys, p_audio_bytes, p_audio_sha256s)
          t (id, attempt, duration_ms, audio_key, audio_bytes, audio_sha256)
        join generation g on g.id = t.id order by g.user_id, g.voice_id, g.key_id, g.engine offset 0) t,
      generation_settle(t.id, t.attempt, t.duration_ms, t.audio_key, t.audio_bytes, t.audio_sha256) g
    where g.id is not null;
  return query select g.id from unnest(v_settled) g, event_append(g, 'succeeded', null);
end $function$;

CREATE OR REPLACE FUNCTION public.lease_renew(p_id uuid, p_user uuid, p_keep interval)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into lease (id, user_id, expires_at) values (p_id, p_user, clock_timestamp() + p_keep)
    on conflict (id) do update set expires_at = excluded.expires_at
$function$;

CREATE OR REPLACE FUNCTION public.lease_take(p_id uuid, p_user uuid, p_keep interval, OUT held boolean, OUT places integer)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock(lock_key('lease', p_user::text));
  delete from lease where user_id = p_user and expires_at <= clock_timestamp();
  select p.concurrency into strict places from account a join plan p on p.id = a.plan_id where a.id = p_user;
  insert into lease (id, user_id, expires_at)
    select p_id, p_user, clock_timestamp() + p_keep
      where (select count(*) from lease l where l.user_id = p_user) < places;
  held := found;
end $function$;

CREATE OR REPLACE FUNCTION public.lock_key(class text, key text)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN hashtextextended(((class || ':'::text) || key), (0)::bigint);

CREATE OR REPLACE FUNCTION public.month_of(p_at timestamp with time zone)
 RETURNS date
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (date_trunc('month'::text, (p_at AT TIME ZONE 'UTC'::text)))::date;

CREATE OR REPLACE FUNCTION public.objects_unnamed(p_keys text[])
 RETURNS SETOF text
 LANGUAGE sql
 STABLE
AS $function$
  with object as (
    select key, split_part(key, '/', 1) as noun,
      case when split_part(key, '/', 2) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then split_part(key, '/', 2)::uuid end as id
    from unnest(p_keys) key
  )
  select key from object o where not case noun
      when 'generations' then exists (select from generation where id = o.id and audio_key = o.key)
        -- The rows of one that came to nothing outlive its audio.
        or exists (select from segment s join generation g on g.id = s.generation_id
          where s.generation_id = o.id and s.audio_key = o.key and g.purged_at is null)
        or exists (select from rendition where generation_id = o.id and audio_key = o.key)
      when 'samples' then exists (select from sample where id = o.id and audio_key = o.key and purged_at is null)
        or exists (select from upload where id = o.id and audio_key = o.key)
      when 'previews' then exists (select from voice_preview where voice_id = o.id and audio_key = o.key)
      else false end
$function$;

CREATE OR REPLACE FUNCTION public.queue_id()
 RETURNS uuid
 LANGUAGE sql
AS $function$
  select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
    || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$function$;

CREATE OR REPLACE FUNCTION public.queue_put(p_name text, p_data jsonb, p_key text, p_group text, p_tier text, p_turn bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into pgboss.job (id, name, data, priority, singleton_key, group_id, group_tier, start_after, created_on,
      expire_seconds, deletion_seconds, keep_until, retry_limit, retry_delay, retry_backoff, retry_delay_max, policy,
      dead_letter, heartbeat_seconds, blocked, blocking, pending_dependencies)
    select queue_id(), p_name, p_data, -p_turn, p_key, p_group, p_tier, pgboss.job_now(), pgboss.job_now(),
        q.expire_seconds, q.deletion_seconds, pgboss.job_now() + q.retention_seconds * interval '1 second',
        q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.policy,
        q.dead_letter, q.heartbeat_seconds, false, false, 0
      from pgboss.queue q where q.name = p_name
    on conflict do nothing;
end $function$;

CREATE OR REPLACE FUNCTION public.quota_adjust(p_user uuid, p_ms bigint, p_by uuid, p_note text, OUT entry quota_entry, OUT account quota_account)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  v_entry quota_entry;
begin
  perform quota_lock(p_user);
  account := quota_open(p_user);
  if -p_ms > (account).granted_ms - (account).used_ms - (account).reserved_ms then
    return;
  end if;
  insert into quota_entry (user_id, period_start, kind, ms, by_user_id, note)
    values (p_user, (account).period_start, 'adjust', p_ms, p_by, p_note)
    returning * into v_entry;
  entry := v_entry;
  update quota_account set granted_ms = granted_ms + p_ms, adjusted_ms = adjusted_ms + p_ms
    where user_id = p_user and period_start = (account).period_start;
  -- An account over its plan has been granted what it used: there the plan's own part moves the other way.
  account := quota_open(p_user);
end $function$;

CREATE OR REPLACE FUNCTION public.quota_lock(p_user uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'quota needs READ COMMITTED: under % the sum would be read from before the lock',
      current_setting('transaction_isolation');
  end if;
  perform pg_advisory_xact_lock(lock_key('quota', p_user::text));
end $function$;

CREATE OR REPLACE FUNCTION public.quota_open(p_user uuid)
 RETURNS quota_account
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  v_account quota_account;
  v_plan_ms bigint;
  v_start timestamptz;
  v_end timestamptz;
  v_target bigint;
begin
  select p.seconds_per_month * 1000, q.period_start, q.period_end into strict v_plan_ms, v_start, v_end
    from account a join plan p on p.id = a.plan_id
    cross join lateral quota_period(a.created_at, clock_timestamp()) q
    where a.id = p_user;
  select * into v_account from quota_account where user_id = p_user and period_start = v_start;
  if not found then
    insert into quota_account (user_id, period_start, period_end) values (p_user, v_start, v_end)
      returning * into v_account;
  end if;
  v_target := greatest(v_plan_ms + v_account.adjusted_ms, v_account.used_ms + v_account.reserved_ms);
  if v_target <> v_account.granted_ms then
    insert into quota_entry (user_id, period_start, kind, ms)
      values (p_user, v_start, 'grant', v_target - v_account.granted_ms);
    update quota_account set granted_ms = v_target
      where user_id = p_user and period_start = v_start
      returning * into v_account;
  end if;
  return v_account;
end $function$;

CREATE OR REPLACE FUNCTION public.quota_period(anchor timestamp with time zone, at timestamp with time zone, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  a timestamp := anchor at time zone 'UTC';
  t timestamp := at at time zone 'UTC';
  n integer := greatest(0, (extract(year from t) - extract(year from a)) * 12 + extract(month from t) - extract(month from a));
begin
  if n > 0 and a + make_interval(months => n) > t then
    n := n - 1;
  end if;
  period_start := (a + make_interval(months => n)) at time zone 'UTC';
  period_end := (a + make_interval(months => n + 1)) at time zone 'UTC';
end $function$;

CREATE OR REPLACE FUNCTION public.quota_refund(p_generation uuid, p_by uuid, p_note text)
 RETURNS quota_entry
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  v_user uuid;
  v_settle quota_entry;
  v_entry quota_entry;
begin
  select user_id into v_user from quota_entry where generation_id = p_generation and kind = 'settle';
  if not found then
    return null;
  end if;
  perform quota_lock(v_user);
  select * into strict v_settle from quota_entry where generation_id = p_generation and kind = 'settle';
  if v_settle.ms = 0 or exists (select from quota_entry where generation_id = p_generation and kind = 'refund') then
    return null;
  end if;
  insert into quota_entry (user_id, period_start, generation_id, kind, ms, by_user_id, note)
    values (v_user, v_settle.period_start, p_generation, 'refund', v_settle.ms, p_by, p_note)
    returning * into v_entry;
  update quota_account set used_ms = used_ms - v_settle.ms
    where user_id = v_user and period_start = v_settle.period_start;
  perform usage_add(g.user_id, g.voice_id, g.key_id, g.engine, 0, 0, -v_settle.ms, 0) from generation g where g.id = p_generation;
  return v_entry;
end $function$;

CREATE OR REPLACE FUNCTION public.quota_reserve(p_user uuid, p_generation uuid, p_ms bigint, OUT reserved boolean, OUT account quota_account)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform quota_lock(p_user);
  account := quota_open(p_user);
  reserved := p_ms <= (account).granted_ms - (account).used_ms - (account).reserved_ms;
  if reserved then
    insert into quota_entry (user_id, period_start, generation_id, kind, ms)
      values (p_user, (account).period_start, p_generation, 'reserve', p_ms);
    update quota_account set reserved_ms = reserved_ms + p_ms,
        last_turn = greatest(last_turn, (select last_value from work_turn)) + 1
      where user_id = p_user and period_start = (account).period_start
      returning * into account;
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.quota_resolve(p_user uuid, p_generation uuid, p_kind text, p_ms bigint, p_attempt uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  v_reserve quota_entry;
  v_charged bigint;
begin
  if p_kind not in ('settle', 'release') then
    raise exception 'a reservation is settled or released, not %', p_kind;
  end if;
  perform quota_lock(p_user);
  select * into strict v_reserve from quota_entry
    where generation_id = p_generation and kind = 'reserve' and user_id = p_user;
  v_charged := case p_kind when 'settle' then least(p_ms, v_reserve.ms) else 0 end;
  insert into quota_entry (user_id, period_start, generation_id, kind, ms, attempt)
    values (p_user, v_reserve.period_start, p_generation, p_kind,
      case p_kind when 'settle' then v_charged else v_reserve.ms end, p_attempt);
  update quota_account set used_ms = used_ms + v_charged, reserved_ms = reserved_ms - v_reserve.ms
    where user_id = p_user and period_start = v_reserve.period_start;
  return v_charged;
end $function$;

CREATE OR REPLACE FUNCTION public.rate_due(p_tat timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
AS $function$
  select case when p_tat > clock_timestamp() + interval '61 seconds' then clock_timestamp()
    else greatest(p_tat, clock_timestamp()) end
$function$;

CREATE OR REPLACE FUNCTION public.rate_step(p_per_minute integer)
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN ('00:00:00.000001'::interval * (ceil((60000000.0 / (p_per_minute)::numeric)))::double precision);

CREATE OR REPLACE FUNCTION public.rate_take(p_key text, p_per_minute integer, OUT allowed boolean, OUT remaining integer, OUT wait_ms integer)
 RETURNS record
 LANGUAGE plpgsql
 SET lock_timeout TO '200ms'
AS $function$
declare
  v_step interval := rate_step(p_per_minute);
  v_tat timestamptz;
  v_left interval;
begin
  -- A look without a lock, so that a flood of refusals does not queue for the row. It sees no later time than there is.
  select rate_due(tat) into v_tat from rate where key = p_key;
  allowed := v_tat is null or v_tat + v_step - clock_timestamp() <= interval '1 minute';
  if allowed then
    insert into rate as r (key, tat) values (p_key, clock_timestamp() + v_step)
      on conflict (key) do update set tat = rate_due(r.tat) + v_step
        where rate_due(r.tat) + v_step - clock_timestamp() <= interval '1 minute'
      returning tat into v_tat;
    allowed := found;
    if not allowed then
      select rate_due(tat) into v_tat from rate where key = p_key;
    end if;
  end if;
  v_left := interval '1 minute' - (v_tat - clock_timestamp());
  remaining := case when allowed then greatest(0, floor(extract(epoch from v_left) / extract(epoch from v_step))) else 0 end;
  wait_ms := greatest(1, ceil(extract(epoch from v_step * (remaining + 1) - v_left) * 1000));
end $function$;

CREATE OR REPLACE FUNCTION public.rate_take_both(p_narrow text, p_narrow_per_minute integer, p_wide text, p_wide_per_minute integer)
 RETURNS rate_taken
 LANGUAGE plpgsql
AS $function$
declare
  v_take record;
  v_taken rate_taken;
begin
  if p_narrow_per_minute is not null then
    select * into v_take from rate_take(p_narrow, p_narrow_per_minute);
    v_taken.allowed := v_take.allowed;
    v_taken.narrow_remaining := v_take.remaining;
    v_taken.narrow_wait_ms := v_take.wait_ms;
    if not v_taken.allowed then
      return v_taken;
    end if;
  end if;
  select * into v_take from rate_take(p_wide, p_wide_per_minute);
  v_taken.allowed := v_take.allowed;
  v_taken.wide_remaining := v_take.remaining;
  v_taken.wide_wait_ms := v_take.wait_ms;
  if not v_taken.allowed and p_narrow_per_minute is not null then
    -- The row is ours since it was taken from: nobody has seen it in between.
    update rate set tat = tat - rate_step(p_narrow_per_minute) where key = p_narrow;
    v_taken.narrow_remaining := null;
    v_taken.narrow_wait_ms := null;
  end if;
  return v_taken;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception '% is append only', tg_table_name using errcode = 'insufficient_privilege';
    end $function$;

CREATE OR REPLACE FUNCTION report.violations()
 RETURNS TABLE(invariant integer, subject text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
  with balance as (
    select user_id, period_start,
      coalesce(sum(ms) filter (where kind in ('grant', 'adjust')), 0)::bigint as granted_ms,
      coalesce(sum(ms) filter (where kind = 'adjust'), 0)::bigint as adjusted_ms,
      (coalesce(sum(ms) filter (where kind = 'settle'), 0) - coalesce(sum(ms) filter (where kind = 'refund'), 0))::bigint as used_ms,
      coalesce(sum(ms) filter (where kind = 'reserve' and not exists (
        select from quota_entry r where r.generation_id = e.generation_id and r.kind in ('settle', 'release'))), 0)::bigint as reserved_ms
    from quota_entry e group by user_id, period_start
  )
  select 1, 'account ' || a.user_id || ' ' || a.period_start,
      format('balance %s/%s/%s, entries %s/%s/%s (granted/used/reserved)', a.granted_ms, a.used_ms, a.reserved_ms,
        coalesce(b.granted_ms, 0), coalesce(b.used_ms, 0), coalesce(b.reserved_ms, 0))
    from quota_account a left join balance b using (user_id, period_start)
    where a.used_ms + a.reserved_ms > a.granted_ms
      or (a.granted_ms, a.used_ms, a.reserved_ms, a.adjusted_ms) is distinct from
        (coalesce(b.granted_ms, 0), coalesce(b.used_ms, 0), coalesce(b.reserved_ms, 0), coalesce(b.adjusted_ms, 0))
  union all
  select 2, 'generation ' || r.generation_id, format('%s resolutions, %s ms settled of %s ms reserved', count(s.id), sum(s.ms), r.ms)
    from quota_entry r left join quota_entry s on s.generation_id = r.generation_id and s.kind in ('settle', 'release')
    where r.kind = 'reserve'
    group by r.id having count(s.id) > 1 or coalesce(max(s.ms), 0) > r.ms
  union all
  select 2, 'generation ' || s.generation_id, 'resolved without a reservation'
    from quota_entry s where s.kind in ('settle', 'release')
      and not exists (select from quota_entry r where r.generation_id = s.generation_id and r.kind = 'reserve')
  union all
  select 2, 'generation ' || s.generation_id, 'resolved in another account than it was reserved in'
    from quota_entry s join quota_entry r on r.generation_id = s.generation_id and r.kind = 'reserve'
    where s.kind in ('settle', 'release', 'refund') and (s.user_id, s.period_start) <> (r.user_id, r.period_start)
  union all
  select 2, 'generation ' || g.id, format('says %s ms reserved, the ledger %s', g.reserved_ms, coalesce(r.ms::text, 'nothing'))
    from generation g left join quota_entry r
      on r.generation_id = g.id and r.kind = 'reserve' and r.user_id = g.user_id
    where r.ms is distinct from g.reserved_ms
  union all
  select 2, 'generation ' || f.generation_id, format('%s refunds of %s ms, settled %s ms', count(*), sum(f.ms), coalesce(max(s.ms), 0))
    from quota_entry f left join quota_entry s on s.generation_id = f.generation_id and s.kind = 'settle'
    where f.kind = 'refund'
    group by f.generation_id having count(*) > 1 or sum(f.ms) is distinct from max(s.ms)
  union all
  select 3, table_name, format('the processes'' role may %s it', lower(privilege))
    from (values ('quota_entry'), ('quota_account')) t (table_name),
      unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) privilege,
      pg_roles r
    where r.rolname = 'loqui_app' and (has_table_privilege(r.oid, ('public.' || table_name)::regclass, privilege)
      or privilege in ('INSERT', 'UPDATE') and has_any_column_privilege(r.oid, ('public.' || table_name)::regclass, privilege))
  union all
  select 3, p.oid::regprocedure::text, 'any login may call it with the owner''s rights'
    from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef and has_function_privilege('public', p.oid, 'execute')
  union all
  select 3, 'quota_entry', 'append-only trigger is missing or disabled'
    where (select count(*) from pg_trigger where tgrelid = 'quota_entry'::regclass and tgenabled = 'O'
      and tgname in ('quota_entry_append_only', 'quota_entry_no_truncate')) <> 2
  union all
  select 4, 'account ' || a.user_id, format('%s ms reserved while no generation is open', sum(a.reserved_ms))
    from quota_account a
    where not exists (select from generation g where g.user_id = a.user_id and g.state in ('queued', 'running'))
    group by a.user_id having sum(a.reserved_ms) > 0
  union all
  select 4, 'generation ' || g.id, format('%s, reserved %s ms, decoded %s ms, charged %s ms, settled %s ms', g.state,
      g.reserved_ms, g.duration_ms, g.charged_ms, s.ms)
    from generation g left join quota_entry s on s.generation_id = g.id and s.kind = 'settle'
    where g.state = 'succeeded'
      and (s.ms is distinct from least(g.duration_ms, g.reserved_ms) or g.charged_ms is distinct from s.ms)
  union all
  select 4, 'user ' || coalesce(u.user_id, e.user_id), format('%s ms in the history, %s ms in the ledger', u.ms, e.ms)
    from (select user_id, sum(charged_ms) as ms from usage_day group by user_id) u
    full join (select user_id, sum(case kind when 'settle' then ms else -ms end) as ms
      from quota_entry where kind in ('settle', 'refund') group by user_id) e using (user_id)
    where coalesce(u.ms, 0) <> coalesce(e.ms, 0)
  union all
  select 5, 'generation ' || g.id, 'succeeded without its audio'
    from generation g
    where g.state = 'succeeded' and g.deleted_at is null
      and (g.audio_key is null or g.audio_bytes is null or g.audio_sha256 is null or g.duration_ms is null)
  union all
  select 5, 'object ' || audio_key, 'belongs to more than one generation'
    from generation where audio_key is not null group by audio_key having count(*) > 1
  union all
  select 5, 'generation ' || g.id, format('%s of %s segments stored, row says %s', count(*) filter (where s.state = 'stored'),
      g.segments_total, g.segments_done)
    from generation g left join segment s on s.generation_id = g.id
    where g.state <> 'canceled' and g.deleted_at is null
    group by g.id
    having count(*) filter (where s.state = 'stored') <> g.segments_done
      or (g.state = 'succeeded' and (count(s.index) <> g.segments_total or g.segments_done <> g.segments_total))
  union all
  select 5, 'generation ' || g.id, format('%s segments came from the cache, row says %s', count(*) filter (where s.cached), g.segments_cached)
    from generation g left join segment s on s.generation_id = g.id
    where g.deleted_at is null
    group by g.id having count(*) filter (where s.cached) <> g.segments_cached
  union all
  select 5, 'generation ' || g.id, 'is a take of what is somebody else''s, or no first take'
    from generation g join generation f on f.id = g.take_of
    where f.user_id <> g.user_id or f.take_of is not null
  union all
  select 6, 'generation ' || g.id, format('cost %s micros, its attempts %s', g.actual_cost_micros, coalesce(sum(a.actual_cost_micros), 0))
    from generation g left join attempt a on a.generation_id = g.id
    group by g.id having g.actual_cost_micros <> coalesce(sum(a.actual_cost_micros), 0)
  union all
  select 6, 'attempt ' || a.token, format('runs, while its generation is %s under %s', g.state, coalesce(g.attempt::text, 'no attempt'))
    from attempt a join generation g on g.id = a.generation_id
    where a.outcome = 'running' and (g.state <> 'running' or g.attempt is distinct from a.token)
  union all
  select 6, 'month ' || m.month, format('%s/%s micros of the installation, %s/%s of its users (spent/held)',
      sum(m.spent_micros) filter (where m.user_id is null), sum(m.held_micros) filter (where m.user_id is null),
      sum(m.spent_micros) filter (where m.user_id is not null), sum(m.held_micros) filter (where m.user_id is not null))
    from cost_month m group by m.month
    having sum(case when m.user_id is null then -m.spent_micros else m.spent_micros end) <> 0
      or sum(case when m.user_id is null then -m.held_micros else m.held_micros end) <> 0
  union all
  select 6, 'user ' || m.user_id || ' ' || m.month, format('%s micros held, %s by generations', m.held_micros, coalesce(sum(g.cost_held_micros), 0))
    from cost_month m left join generation g on g.user_id = m.user_id and month_of(g.created_at) = m.month and g.cost_held_micros > 0
    where m.user_id is not null
    group by m.user_id, m.month, m.held_micros having m.held_micros <> coalesce(sum(g.cost_held_micros), 0)
  union all
  select 6, 'generation ' || g.id, format('%s, and still holds %s micros', g.state, g.cost_held_micros)
    from generation g where g.state in ('succeeded', 'failed', 'canceled') and g.cost_held_micros > 0
  union all
  select 6, 'generation ' || g.id, format('its engine''s calls cost %s micros, it says %s', sum(c.cost_micros), g.actual_cost_micros)
    from generation g join provider_call c on c.generation_id = g.id
    group by g.id having sum(c.cost_micros) > g.actual_cost_micros
      or g.fell_back_at is null and sum(c.cost_micros) <> g.actual_cost_micros
  union all
  select 6, 'call ' || c.mark, 'belongs to no attempt of its generation'
    from provider_call c left join attempt a on a.token = c.attempt and a.generation_id = c.generation_id
    where a.token is null
  union all
  select 6, 'call ' || c.mark, format('open for an hour, while its generation is %s', g.state)
    from provider_call c join generation g on g.id = c.generation_id
    where c.outcome is null and c.announced_at < now() - interval '1 hour'
      and coalesce(g.finished_at, now()) < now() - interval '1 hour'
  union all
  select 6, 'segment ' || c.generation_id || ' ' || c.segment_index, format('asked for %s times', count(*))
    from provider_call c where c.outcome is distinct from 'refused'
    group by c.generation_id, c.segment_index having count(*) > 2
  union all
  select 7, 'generation', 'trigger that keeps terminal states is missing or disabled'
    where not exists (select from pg_trigger where tgrelid = 'generation'::regclass and tgenabled = 'O'
      and tgname = 'generation_terminal')
  union all
  select 7, 'generation ' || g.id, format('%s but charged %s ms', g.state, s.ms)
    from generation g left join quota_entry s on s.generation_id = g.id and s.kind = 'settle'
    where g.state in ('failed', 'canceled') and (s.id is not null or g.charged_ms is distinct from 0)
  union all
  select 7, 'generation ' || g.id, g.state || ' but its reservation is open'
    from generation g
    where g.state in ('succeeded', 'failed', 'canceled') and not exists (
      select from quota_entry r where r.generation_id = g.id and r.kind in ('settle', 'release'))
  union all
  select 8, 'idempotency ' || user_id || ' ' || route || ' ' || key, 'committed without an answer'
    from idempotency where response is null
  union all
  select 9, 'generation ' || g.id, format('%s, and its consent was revoked', g.state)
    from generation g join consent c on c.id = g.consent_id
    where g.state in ('queued', 'running') and c.revoked_at is not null
  union all
  select 9, 'voice ' || v.id, 'made of samples that its consent does not cover'
    from voice v join consent c on c.id = v.consent_id
    where c.user_id <> v.user_id or exists (select from voice_sample m where m.voice_id = v.id and not exists (
      select from consent_sample t join sample s on s.id = t.sample_id and s.audio_sha256 = t.audio_sha256
      where t.consent_id = c.id and t.sample_id = m.sample_id))
  union all
  select 9, 'sample ' || id, 'deleted for a day, and its audio is not removed'
    from sample where deleted_at < now() - interval '1 day' and purged_at is null
  union all
  select 9, t.name, 'trigger that keeps it is missing or disabled'
    from (values ('consent'), ('consent_sample')) t (name)
    where not exists (select from pg_trigger where tgrelid = ('public.' || t.name)::regclass and tgenabled = 'O'
      and tgname = t.name || '_append_only')
$function$;

CREATE OR REPLACE FUNCTION public.segment_source(p_kept uuid, p_index integer, p_content_hash text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.segment_store(p_segment segment, p_spare_micros bigint DEFAULT 0, p_needed_micros bigint DEFAULT 0)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.segment_submit(p_generation uuid, p_index integer, p_attempt uuid, p_kept uuid, p_content_hash text, OUT held boolean, OUT source jsonb)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
begin
  update segment s set state = 'submitted', attempt = p_attempt, attempts = s.attempts + 1, submitted_at = clock_timestamp()
    from generation g
    where s.generation_id = p_generation and s.index = p_index and s.state <> 'stored'
      and g.id = p_generation and g.state = 'running' and g.attempt = p_attempt;
  held := found;
  if held then
    source := segment_source(p_kept, p_index, p_content_hash);
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.segment_submit_consented(p_generation uuid, p_index integer, p_attempt uuid, p_kept uuid, p_content_hash text, OUT held boolean, OUT source jsonb)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
begin
  perform from generation
    where id = p_generation and state = 'running' and attempt = p_attempt and consent_holds(consent_id) for share;
  held := found;
  if held then
    select s.held, s.source into held, source from segment_submit(p_generation, p_index, p_attempt, p_kept, p_content_hash) s;
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.segments_begin(p_generation uuid, p_attempt uuid, p_segments jsonb, p_submitted boolean)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.segments_store(p_segments jsonb)
 RETURNS SETOF boolean
 LANGUAGE plpgsql
AS $function$
begin
  perform generations_lock((select array_agg((s->>'generation_id')::uuid) from jsonb_array_elements(p_segments) s));
  return query select segment_store(jsonb_populate_record(null::segment, s.value))
    from jsonb_array_elements(p_segments) with ordinality s order by s.ordinality;
end $function$;

CREATE OR REPLACE FUNCTION public.storage_used(p_user uuid, OUT samples integer, OUT sample_bytes bigint, OUT uploads integer, OUT upload_bytes bigint)
 RETURNS record
 LANGUAGE sql
 STABLE
AS $function$
  select s.samples, s.bytes, u.uploads, u.bytes from
    (select count(*)::integer as samples, coalesce(sum(audio_bytes), 0)::bigint as bytes
      from sample where user_id = p_user and deleted_at is null) s,
    (select count(*)::integer as uploads, coalesce(sum(reserved_bytes), 0)::bigint as bytes
      from upload where user_id = p_user and expires_at > clock_timestamp()) u
$function$;

CREATE OR REPLACE FUNCTION public.upload_begin(p_id uuid, p_user uuid, p_key text, p_bytes bigint, p_keep interval, p_most_uploads integer, p_most_samples integer, OUT outcome text, OUT left_bytes bigint)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.usage_add(p_user uuid, p_voice uuid, p_key uuid, p_engine text, p_generations bigint, p_characters bigint, p_charged_ms bigint, p_cost_micros bigint)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into usage_day as u (user_id, day, voice_id, key_id, engine, generations, characters, charged_ms, cost_micros)
    values (p_user, (clock_timestamp() at time zone 'UTC')::date, p_voice, p_key, p_engine, p_generations, p_characters,
      p_charged_ms, p_cost_micros)
    on conflict (user_id, day, voice_id, key_id, engine) do update set
      generations = u.generations + excluded.generations, characters = u.characters + excluded.characters,
      charged_ms = u.charged_ms + excluded.charged_ms, cost_micros = u.cost_micros + excluded.cost_micros
$function$;

CREATE OR REPLACE FUNCTION public.voice_may_speak(p_voice uuid, p_consent uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select voice_obstacle(p_voice, p_consent) is null
    and exists (select from voice where id = p_voice and consent_id = p_consent and deleted_at is null)
$function$;

CREATE OR REPLACE FUNCTION public.voice_named(p_user uuid, p_name text, p_engines text[])
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(
    (select voice_id from voice_alias where user_id = p_user and alias = lower(p_name)),
    (select id from voice where user_id is null and lower(name) = lower(p_name)
      order by available and engine = any(p_engines) desc, id limit 1))
$function$;

CREATE OR REPLACE FUNCTION public.voice_obstacle(p_voice uuid, p_consent uuid)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select case
      when revoked_at is not null then 'consent_revoked'
      when expires_at <= clock_timestamp() then 'consent_expired'
      when exists (select from voice_sample v join sample s on s.id = v.sample_id
        where v.voice_id = p_voice and s.deleted_at is not null) then 'samples_deleted'
    end
    from consent where id = p_consent
$function$;

CREATE TRIGGER consent_append_only BEFORE UPDATE ON consent FOR EACH ROW EXECUTE FUNCTION consent_keep();

CREATE TRIGGER consent_sample_append_only BEFORE UPDATE ON consent_sample FOR EACH ROW EXECUTE FUNCTION consent_sample_keep();

CREATE TRIGGER generation_terminal BEFORE UPDATE ON generation FOR EACH ROW WHEN (old.state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'canceled'::text])) EXECUTE FUNCTION generation_keep_terminal();

CREATE TRIGGER quota_entry_append_only BEFORE DELETE OR UPDATE ON quota_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER quota_entry_no_truncate BEFORE TRUNCATE ON quota_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
