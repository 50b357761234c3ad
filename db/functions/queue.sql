-- Puts a job on a queue as pg-boss's own send() does, so that work and job can be written in one round trip. What it
-- writes is held to what send() writes by a test. A live job with the same key stays the only one. Ids grow with time:
-- of several jobs of one group, pg-boss's fetch takes those with the lower ids first.
create or replace function queue_put(p_name text, p_data jsonb, p_key text, p_group text, p_tier text, p_turn bigint)
  returns void language plpgsql as $$
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
end $$;

-- A UUID of version 7, which PostgreSQL makes by itself only from 18 on.
create or replace function queue_id() returns uuid language sql volatile as $$
  select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
    || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$$;
