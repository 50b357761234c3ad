import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table generation
      -- The first take of its text; null: it is the first.
      add column take_of uuid references generation on delete set null,
      -- The take whose segments it keeps, but for those in spoken_anew. It may be gone by now.
      add column kept_from uuid,
      add column spoken_anew integer[],
      -- Whether segments may be answered by what was spoken before.
      add column cache boolean not null default true,
      add column segments_cached integer not null default 0 check (segments_cached between 0 and segments_done),
      add check ((kept_from is null) = (spoken_anew is null));
    create index generation_take on generation (take_of, id desc) where take_of is not null;

    alter table segment
      -- Of all that decides how a stored segment sounds, and of whose it is.
      add column content_hash text,
      -- Its audio is that of an earlier one, for which nobody was asked or paid again.
      add column cached boolean not null default false;
    create index segment_content on segment (content_hash, stored_at desc) where content_hash is not null;
  `.execute(db)
}
