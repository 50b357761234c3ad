import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- A preset voice belongs to nobody (user_id is null) and to one engine; its id outlives restarts and upgrades.
    create table voice (
      id uuid primary key,
      user_id uuid references account on delete cascade,
      engine text not null,
      engine_voice text not null,
      name text not null,
      gender text not null check (gender in ('female', 'male', 'neutral')),
      language text not null,
      description text not null default '',
      available boolean not null default true,
      created_at timestamptz not null default now()
    );
    create unique index voice_preset on voice (engine, engine_voice) where user_id is null;
    create index voice_user_id on voice (user_id);
  `.execute(db)
}
