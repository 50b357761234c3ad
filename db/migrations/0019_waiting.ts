import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Who watches is told when a generation begins to wait for its engine.
    alter table event
      drop constraint event_type_check,
      add constraint event_type_check check (type in (
        'queued', 'running', 'waiting', 'segment', 'succeeded', 'failed', 'canceled', 'deleted',
        'sample.created', 'sample.renamed', 'sample.deleted', 'voice.created', 'voice.updated', 'voice.deleted',
        'usage.changed')) not valid;
    alter table event validate constraint event_type_check;

    -- For how quick engines are and what they were asked, in the last hour. Rows lie about in the order of these times, so
    -- that ranges of pages suffice; a tree would be one more thing to write with each segment that is stored.
    create index segment_stored_at on segment using brin (stored_at) with (pages_per_range = 16, autosummarize = on);
    create index provider_call_announced_at on provider_call using brin (announced_at)
      with (pages_per_range = 16, autosummarize = on);
  `.execute(db)
}
