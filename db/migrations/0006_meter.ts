import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- A call of any kind counts as a request, so the first limits, meant for creates alone, were too narrow.
    update plan set requests_per_minute = case id
        when 'free' then 600 when 'starter' then 1200 when 'pro' then 6000 else 60000 end
      where (id, requests_per_minute) in (('free', 30), ('starter', 60), ('pro', 300), ('unlimited', 6000));

    -- The sum of what administrators added to or took from the plan's grant of a period.
    alter table quota_account add column adjusted_ms bigint not null default 0;
    -- The turn that the user's latest generation took on the queue. Kept here because this row is locked and written by
    -- every create anyway.
    alter table quota_account add column last_turn bigint not null default 0;

    alter table quota_entry
      drop constraint quota_entry_kind_check,
      drop constraint quota_entry_check,
      drop constraint quota_entry_check1,
      -- Who did what no generation did by itself, and why.
      add column by_user_id uuid,
      add column note text,
      add constraint quota_entry_kind_check
        check (kind in ('reserve', 'settle', 'release', 'grant', 'adjust', 'refund')),
      add constraint quota_entry_ms_check check (case kind when 'grant' then true when 'adjust' then ms <> 0 else ms >= 0 end),
      add constraint quota_entry_generation_check check ((kind in ('grant', 'adjust')) = (generation_id is null));
    create unique index quota_entry_one_refund on quota_entry (generation_id) where kind = 'refund';
    -- The ledger is read newest first, over all periods.
    drop index quota_entry_account;
    create index quota_entry_account on quota_entry (user_id, created_at, id);

    alter table generation
      -- Its place on the queue: users take turns, and each turn of a user comes after all turns others had meanwhile.
      add column turn bigint not null default 0,
      -- What is still held of the budgets for it.
      add column cost_held_micros bigint not null default 0 check (cost_held_micros >= 0);

    -- The clock of turns: the latest one that a worker took up.
    create sequence work_turn minvalue 0 start 0;

    -- One run of a generation by one worker, and what it cost: also what was paid for audio that nobody kept.
    create table attempt (
      token uuid primary key,
      generation_id uuid not null references generation on delete cascade,
      number integer not null,
      outcome text not null default 'running'
        check (outcome in ('running', 'succeeded', 'failed', 'canceled', 'released', 'lost')),
      predicted_cost_micros bigint not null check (predicted_cost_micros >= 0),
      actual_cost_micros bigint not null default 0 check (actual_cost_micros >= 0),
      started_at timestamptz not null default clock_timestamp(),
      ended_at timestamptz,
      unique (generation_id, number),
      check ((outcome = 'running') = (ended_at is null))
    ) with (fillfactor = 80);

    -- What was charged and what it cost, summed where it happened: history stays quick, and outlives deleted generations.
    create table usage_day (
      user_id uuid not null references account on delete cascade,
      -- In UTC.
      day date not null,
      voice_id uuid not null,
      key_id uuid,
      engine text not null,
      generations bigint not null default 0,
      characters bigint not null default 0,
      -- Less what was refunded that day.
      charged_ms bigint not null default 0,
      cost_micros bigint not null default 0 check (cost_micros >= 0),
      unique nulls not distinct (user_id, day, voice_id, key_id, engine)
    ) with (fillfactor = 80);
    create index usage_day_day on usage_day (day);

    insert into usage_day (user_id, day, voice_id, key_id, engine, generations, characters, charged_ms, cost_micros)
      select user_id, (coalesce(finished_at, created_at) at time zone 'UTC')::date, voice_id, key_id, engine,
          count(*) filter (where state = 'succeeded'), coalesce(sum(characters) filter (where state = 'succeeded'), 0),
          coalesce(sum(charged_ms), 0), sum(actual_cost_micros)
        from generation where started_at is not null group by 1, 2, 3, 4, 5;
    insert into attempt (token, generation_id, number, outcome, predicted_cost_micros, actual_cost_micros, started_at, ended_at)
      select attempt, id, attempts, state, predicted_cost_micros, actual_cost_micros, started_at, finished_at
        from generation where attempt is not null and state <> 'queued';

    -- What providers were paid in a calendar month (UTC) and may still ask for what is queued or running: per user, and
    -- under no user for the whole installation.
    create table cost_month (
      month date not null check (extract(day from month) = 1),
      user_id uuid references account on delete cascade,
      spent_micros bigint not null default 0 check (spent_micros >= 0),
      held_micros bigint not null default 0 check (held_micros >= 0),
      unique nulls not distinct (month, user_id)
    ) with (fillfactor = 50);

    -- Limits of a calendar month; under no user for the whole installation.
    create table budget (
      user_id uuid references account on delete cascade,
      -- From here on a warning; null for none.
      alert_micros bigint check (alert_micros >= 0),
      -- Nothing is started that could go beyond; null for no stop.
      limit_micros bigint check (limit_micros >= 0),
      -- The latest month that was warned of.
      alerted_month date,
      updated_at timestamptz not null default now(),
      unique nulls not distinct (user_id)
    );

    -- When the next request of a key would be on time, which is all that a generic cell rate algorithm has to know. Lost
    -- in a crash of the database, which costs nobody more than a minute's worth of requests.
    create unlogged table rate (
      key text primary key,
      tat timestamptz not null
    ) with (fillfactor = 50);

    -- What became of one request at two allowances. Nulls for the one that was not asked, since the other refused.
    create type rate_taken as (
      allowed boolean,
      narrow_remaining integer,
      narrow_wait_ms integer,
      wide_remaining integer,
      wide_wait_ms integer
    );

    -- Places that work holds while somebody waits for it. Lost in a crash of the database, and held again by who goes on.
    create unlogged table lease (
      id uuid primary key,
      user_id uuid not null,
      expires_at timestamptz not null
    ) with (fillfactor = 50);
    create index lease_user on lease (user_id);

    alter table api_key add column requests_per_minute integer check (requests_per_minute > 0);
    -- The key whose allowance it draws on, where that has a limit of its own and made this one, or made who made it.
    alter table api_key add column allowance_of uuid;

    create index generation_key on generation (key_id) where key_id is not null;

    create or replace view report.quota_account as
      select user_id, period_start, period_end, granted_ms, used_ms, reserved_ms, adjusted_ms from quota_account;
    create or replace view report.quota_entry as
      select id, user_id, period_start, generation_id, kind, ms, attempt, created_at, by_user_id, note from quota_entry;
    create view report.attempt as
      select token, generation_id, number, outcome, predicted_cost_micros, actual_cost_micros, started_at, ended_at from attempt;
    create view report.usage_day as
      select user_id, day, voice_id, key_id, engine, generations, characters, charged_ms, cost_micros from usage_day;
    create view report.cost_month as select month, user_id, spent_micros, held_micros from cost_month;
  `.execute(db)
}
