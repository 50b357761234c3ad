import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- fallback: the columns that a generation has where another voice speaks it, since the engine of its own does not work; once that
    -- one speaks, since fell_back_at, those that it had before.
    alter table generation
      add column fallback jsonb,
      add column fell_back_at timestamptz,
      add constraint generation_fallback check (fell_back_at is null or fallback is not null) not valid;
    alter table generation validate constraint generation_fallback;

    -- Of one's own: who speaks for it where its generation says nothing of that.
    alter table voice add column fallback_voice_id uuid references voice;

    alter table event
      drop constraint event_type_check,
      add constraint event_type_check check (type in (
        'queued', 'running', 'waiting', 'fell_back', 'segment', 'succeeded', 'failed', 'canceled', 'deleted',
        'sample.created', 'sample.renamed', 'sample.deleted', 'voice.created', 'voice.updated', 'voice.deleted',
        'usage.changed')) not valid;
    alter table event validate constraint event_type_check;
  `.execute(db)
}
