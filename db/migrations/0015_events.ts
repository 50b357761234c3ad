import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table event
      alter column generation_id drop not null,
      drop constraint event_type_check,
      add constraint event_type_check check (type in (
        'queued', 'running', 'segment', 'succeeded', 'failed', 'canceled', 'deleted',
        'sample.created', 'sample.renamed', 'sample.deleted', 'voice.created', 'voice.updated', 'voice.deleted',
        'usage.changed')) not valid,
      -- What is not of a generation says in its type what it is of.
      add constraint event_generation_check check ((generation_id is null) = (type like '%.%')) not valid;
    alter table event validate constraint event_type_check;
    alter table event validate constraint event_generation_check;
    create index event_beside on event (user_id, seq) where generation_id is null;
    -- Events come in about the order of their times, of which a summary is enough to find those that are old.
    create index event_created_at on event using brin (created_at);

    -- Events up to this number may have been forgotten: nobody can go on after an earlier one and miss nothing.
    alter table event_stream add column forgotten_seq bigint not null default 0;
  `.execute(db)
}
