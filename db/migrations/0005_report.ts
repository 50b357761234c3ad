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

  `.execute(db)
}
