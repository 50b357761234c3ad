import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- How audio is made: samples a second, kbit/s where the format has a choice of them, and LUFS where it was brought to some.
    alter table generation
      add column sample_rate integer not null default 24000 check (sample_rate > 0),
      add column bit_rate integer check (bit_rate > 0),
      add column loudness double precision;
    -- What they all had so far.
    update generation set bit_rate = case format when 'mp3' then 64 when 'opus' then 48 end where format in ('mp3', 'opus');

    -- A rendition differs from its generation's audio in any of these.
    alter table rendition
      add column sample_rate integer not null default 24000 check (sample_rate > 0),
      add column bit_rate integer check (bit_rate > 0),
      add column loudness double precision;
    update rendition set bit_rate = case format when 'mp3' then 64 when 'opus' then 48 end where format in ('mp3', 'opus');
    alter table rendition drop constraint rendition_pkey;
    create unique index rendition_output on rendition (generation_id, format, sample_rate, bit_rate, loudness)
      nulls not distinct;
  `.execute(db)
}
