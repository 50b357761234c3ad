import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- The language, BCP 47, by which numbers and abbreviations of its text are written out before its engine is asked; null: they
    -- are left to the engine.
    alter table generation add column normalized_as text;
  `.execute(db)
}
