-- What the migrations produce, to be read and compared. Written by "npm run schema"; a test fails when it is out of date.
-- The queue's own schema (pgboss) and the list of applied migrations belong to their libraries and are left out.

create schema report;

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
  constraint api_key_pkey PRIMARY KEY (id),
  constraint api_key_public_id_key UNIQUE (public_id),
  constraint api_key_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE
);

create table event (
  user_id uuid not null,
  seq bigint not null,
  generation_id uuid not null,
  type text not null,
  data jsonb not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint event_pkey PRIMARY KEY (user_id, seq),
  constraint event_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint event_type_check CHECK ((type = ANY (ARRAY['queued'::text, 'running'::text, 'segment'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text, 'deleted'::text])))
);

create table event_stream (
  user_id uuid not null,
  last_seq bigint not null,
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
  constraint generation_pkey PRIMARY KEY (id),
  constraint generation_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_key(id) ON DELETE SET NULL,
  constraint generation_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint generation_voice_id_fkey FOREIGN KEY (voice_id) REFERENCES voice(id),
  constraint generation_check CHECK (((segments_done >= 0) AND (segments_done <= segments_total))),
  constraint generation_check1 CHECK (((charged_ms >= 0) AND (charged_ms <= reserved_ms))),
  constraint generation_check2 CHECK (((state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'canceled'::text])) = (finished_at IS NOT NULL))),
  constraint generation_check3 CHECK (((state <> 'succeeded'::text) OR (purged_at IS NOT NULL) OR ((audio_key IS NOT NULL) AND (audio_bytes IS NOT NULL) AND (audio_sha256 IS NOT NULL) AND (duration_ms IS NOT NULL)))),
  constraint generation_check4 CHECK (((state = 'failed'::text) = (error_reason IS NOT NULL))),
  constraint generation_duration_ms_check CHECK ((duration_ms >= 0)),
  constraint generation_estimated_ms_check CHECK ((estimated_ms >= 0)),
  constraint generation_reserved_ms_check CHECK ((reserved_ms >= 0)),
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

create table quota_account (
  user_id uuid not null,
  period_start timestamp with time zone not null,
  period_end timestamp with time zone not null,
  granted_ms bigint default 0 not null,
  used_ms bigint default 0 not null,
  reserved_ms bigint default 0 not null,
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
  constraint quota_entry_pkey PRIMARY KEY (id),
  constraint quota_entry_user_id_period_start_fkey FOREIGN KEY (user_id, period_start) REFERENCES quota_account(user_id, period_start),
  constraint quota_entry_check CHECK (((kind = 'grant'::text) OR (ms >= 0))),
  constraint quota_entry_check1 CHECK (((kind = 'grant'::text) = (generation_id IS NULL))),
  constraint quota_entry_kind_check CHECK ((kind = ANY (ARRAY['reserve'::text, 'settle'::text, 'release'::text, 'grant'::text])))
);

create table rendition (
  generation_id uuid not null,
  format text not null,
  audio_key text not null,
  audio_bytes bigint not null,
  audio_sha256 text not null,
  created_at timestamp with time zone default now() not null,
  constraint rendition_pkey PRIMARY KEY (generation_id, format),
  constraint rendition_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES generation(id) ON DELETE CASCADE
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
  constraint voice_pkey PRIMARY KEY (id),
  constraint voice_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(id) ON DELETE CASCADE,
  constraint voice_gender_check CHECK ((gender = ANY (ARRAY['female'::text, 'male'::text, 'neutral'::text])))
);

CREATE INDEX api_key_user_id ON public.api_key USING btree (user_id, id DESC);

CREATE INDEX event_generation ON public.event USING btree (generation_id, seq);

CREATE INDEX generation_open ON public.generation USING btree (state, heartbeat_at) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX generation_unpurged ON public.generation USING btree (id) WHERE ((purged_at IS NULL) AND ((deleted_at IS NOT NULL) OR (state = ANY (ARRAY['failed'::text, 'canceled'::text]))));

CREATE INDEX generation_user ON public.generation USING btree (user_id, id DESC) WHERE (deleted_at IS NULL);

CREATE INDEX idempotency_created_at ON public.idempotency USING btree (created_at);

CREATE INDEX quota_entry_account ON public.quota_entry USING btree (user_id, period_start);

CREATE UNIQUE INDEX quota_entry_one_reserve ON public.quota_entry USING btree (generation_id) WHERE (kind = 'reserve'::text);

CREATE UNIQUE INDEX quota_entry_one_resolution ON public.quota_entry USING btree (generation_id) WHERE (kind = ANY (ARRAY['settle'::text, 'release'::text]));

CREATE INDEX session_expires_at ON public.session USING btree (expires_at);

CREATE INDEX session_user_id ON public.session USING btree (user_id);

CREATE UNIQUE INDEX voice_preset ON public.voice USING btree (engine, engine_voice) WHERE (user_id IS NULL);

CREATE INDEX voice_user_id ON public.voice USING btree (user_id);

create view report.account as
 SELECT id,
    email,
    name,
    role,
    plan_id,
    disabled_at,
    created_at
   FROM account;

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
    deleted_at
   FROM generation;

create view report.quota_account as
 SELECT user_id,
    period_start,
    period_end,
    granted_ms,
    used_ms,
    reserved_ms
   FROM quota_account;

create view report.quota_entry as
 SELECT id,
    user_id,
    period_start,
    generation_id,
    kind,
    ms,
    attempt,
    created_at
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
          'segments', jsonb_build_object('total', p_generation.segments_total, 'done', p_generation.segments_done),
          'segment', p_segment,
          'durationMs', p_generation.duration_ms,
          'chargedMs', p_generation.charged_ms,
          'error', case when p_generation.error_reason is not null then
            jsonb_build_object('reason', p_generation.error_reason, 'message', p_generation.error_message) end));
      return v_seq;
    end $function$;

CREATE OR REPLACE FUNCTION public.generation_claim(p_id uuid, p_attempt uuid)
 RETURNS generation
 LANGUAGE plpgsql
AS $function$
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
    end $function$;

CREATE OR REPLACE FUNCTION public.generation_create(p_new generation, OUT created boolean, OUT generation generation, OUT account quota_account)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
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
    end $function$;

CREATE OR REPLACE FUNCTION public.generation_give_up(p_id uuid, p_attempt uuid, p_state text, p_reason text, p_message text)
 RETURNS generation
 LANGUAGE plpgsql
AS $function$
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

CREATE OR REPLACE FUNCTION public.generation_succeed(p_id uuid, p_attempt uuid, p_duration_ms bigint, p_audio_key text, p_audio_bytes bigint, p_audio_sha256 text)
 RETURNS generation
 LANGUAGE plpgsql
AS $function$
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
    end $function$;

CREATE OR REPLACE FUNCTION public.lock_key(class text, key text)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN hashtextextended(((class || ':'::text) || key), (0)::bigint);

CREATE OR REPLACE FUNCTION public.quota_open(p_user uuid)
 RETURNS quota_account
 LANGUAGE plpgsql
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
      insert into quota_account (user_id, period_start, period_end) values (p_user, v_start, v_end)
        on conflict do nothing;
      select * into strict v_account from quota_account where user_id = p_user and period_start = v_start;
      v_target := greatest(v_plan_ms, v_account.used_ms + v_account.reserved_ms);
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

CREATE OR REPLACE FUNCTION public.quota_reserve(p_user uuid, p_generation uuid, p_ms bigint, OUT reserved boolean, OUT account quota_account)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
    begin
      if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'quota needs READ COMMITTED: under % the sum would be read from before the lock',
          current_setting('transaction_isolation');
      end if;
      perform pg_advisory_xact_lock(lock_key('quota', p_user::text));
      account := quota_open(p_user);
      reserved := p_ms <= (account).granted_ms - (account).used_ms - (account).reserved_ms;
      if reserved then
        insert into quota_entry (user_id, period_start, generation_id, kind, ms)
          values (p_user, (account).period_start, p_generation, 'reserve', p_ms);
        update quota_account set reserved_ms = reserved_ms + p_ms
          where user_id = p_user and period_start = (account).period_start
          returning * into account;
      end if;
    end $function$;

CREATE OR REPLACE FUNCTION public.quota_resolve(p_user uuid, p_generation uuid, p_kind text, p_ms bigint, p_attempt uuid)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
    declare
      v_reserve quota_entry;
      v_charged bigint;
    begin
      perform pg_advisory_xact_lock(lock_key('quota', p_user::text));
      select * into strict v_reserve from quota_entry where generation_id = p_generation and kind = 'reserve';
      v_charged := case p_kind when 'settle' then least(p_ms, v_reserve.ms) else 0 end;
      insert into quota_entry (user_id, period_start, generation_id, kind, ms, attempt)
        values (p_user, v_reserve.period_start, p_generation, p_kind,
          case p_kind when 'settle' then v_charged else v_reserve.ms end, p_attempt);
      update quota_account set used_ms = used_ms + v_charged, reserved_ms = reserved_ms - v_reserve.ms
        where user_id = p_user and period_start = v_reserve.period_start;
      return v_charged;
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
          coalesce(sum(ms) filter (where kind = 'grant'), 0) as granted_ms,
          coalesce(sum(ms) filter (where kind = 'settle'), 0) as used_ms,
          coalesce(sum(ms) filter (where kind = 'reserve' and not exists (
            select from quota_entry r where r.generation_id = e.generation_id and r.kind in ('settle', 'release'))), 0) as reserved_ms
        from quota_entry e group by user_id, period_start
      )
      select 1, 'account ' || a.user_id || ' ' || a.period_start,
          format('balance %s/%s/%s, entries %s/%s/%s (granted/used/reserved)', a.granted_ms, a.used_ms, a.reserved_ms,
            coalesce(b.granted_ms, 0), coalesce(b.used_ms, 0), coalesce(b.reserved_ms, 0))
        from quota_account a left join balance b using (user_id, period_start)
        where a.used_ms + a.reserved_ms > a.granted_ms
          or (a.granted_ms, a.used_ms, a.reserved_ms) is distinct from
            (coalesce(b.granted_ms, 0)::bigint, coalesce(b.used_ms, 0)::bigint, coalesce(b.reserved_ms, 0)::bigint)
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
        where s.kind in ('settle', 'release') and (s.user_id, s.period_start) <> (r.user_id, r.period_start)
      union all
      select 2, 'generation ' || g.id, format('says %s ms reserved, the ledger %s', g.reserved_ms, coalesce(r.ms::text, 'nothing'))
        from generation g left join quota_entry r
          on r.generation_id = g.id and r.kind = 'reserve' and r.user_id = g.user_id
        where r.ms is distinct from g.reserved_ms
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
      select 8, 'idempotency ' || route || ' ' || key, 'committed without an answer'
        from idempotency where response is null
    $function$;

CREATE OR REPLACE FUNCTION public.segment_store(p_segment segment)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
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
    end $function$;

CREATE OR REPLACE FUNCTION public.segment_submit(p_generation uuid, p_index integer, p_attempt uuid)
 RETURNS boolean
 LANGUAGE sql
AS $function$
      with submitted as (
        update segment s set state = 'submitted', attempt = p_attempt, attempts = s.attempts + 1,
            submitted_at = clock_timestamp()
          from generation g
          where s.generation_id = p_generation and s.index = p_index and s.state <> 'stored'
            and g.id = p_generation and g.state = 'running' and g.attempt = p_attempt
          returning 1)
      select exists (select from submitted)
    $function$;

CREATE TRIGGER generation_terminal BEFORE UPDATE ON generation FOR EACH ROW WHEN (old.state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'canceled'::text])) EXECUTE FUNCTION generation_keep_terminal();

CREATE TRIGGER quota_entry_append_only BEFORE DELETE OR UPDATE ON quota_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER quota_entry_no_truncate BEFORE TRUNCATE ON quota_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
