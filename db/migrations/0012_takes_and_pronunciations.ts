import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- What is wrong with the audio that is kept, where nothing better was to be had.
    alter table segment add column flaws text[] not null default '{}';

    -- What came was not good enough, and another was asked for.
    alter table provider_call drop constraint provider_call_outcome_check,
      add constraint provider_call_outcome_check
        check (outcome in ('succeeded', 'rejected', 'failed', 'canceled', 'aborted', 'refused', 'gone')) not valid;
    alter table provider_call validate constraint provider_call_outcome_check;

    -- How a user wants words to be said.
    create table pronunciation (
      id uuid primary key,
      user_id uuid not null references account on delete cascade,
      phrase text not null,
      replacement text not null,
      case_sensitive boolean not null default false,
      -- Of voices, as the first part of a BCP 47 tag; null: whatever they speak.
      language text,
      -- Null: any.
      voice_id uuid references voice on delete cascade,
      created_at timestamptz not null default clock_timestamp(),
      unique nulls not distinct (user_id, phrase, case_sensitive, language, voice_id)
    );
    create index pronunciation_user on pronunciation (user_id, id desc);

    -- Those of its user that its text needs, as they were when it was created: what is asked for later, and what it costs at most,
    -- does not change with them.
    alter table generation add column pronunciations jsonb;
  `.execute(db)
}
