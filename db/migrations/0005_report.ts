import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create schema report;

    create view report.account as
      select id, email, name, role, plan_id, disabled_at, created_at from account;
    create view report.generation as
      select id, user_id, key_id, voice_id, engine, state, characters, format, settings, title, segments_total, segments_done,
        estimated_ms, reserved_ms, duration_ms, charged_ms, predicted_cost_micros, actual_cost_micros, attempt, attempts,
        error_reason, error_message, audio_key, audio_bytes, audio_sha256, created_at, started_at, finished_at, deleted_at
      from generation;
    create view report.segment as
      select generation_id, index, start_offset, end_offset, pause_ms, state, attempt, attempts, audio_key, audio_bytes,
        audio_sha256, samples, sample_rate, duration_ms, actual_cost_micros, submitted_at, stored_at
      from segment;
    create view report.quota_account as
      select user_id, period_start, period_end, granted_ms, used_ms, reserved_ms from quota_account;
    create view report.quota_entry as
      select id, user_id, period_start, generation_id, kind, ms, attempt, created_at from quota_entry;

    -- Every row is a broken promise; the numbers are those of the invariants in CONTRIBUTING.md.
    create function report.violations() returns table (invariant integer, subject text, detail text)
      language sql stable as $$
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
    $$;
  `.execute(db)
}
