-- Every row is a broken promise; the numbers are those of the invariants in CONTRIBUTING.md.
create or replace function report.violations() returns table (invariant integer, subject text, detail text)
  language sql stable as $$
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
$$;
