import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Audio that a person gave: a sample of a voice, or the recording of a consent. What it is was measured from its
    -- decoded samples; what its sender said of it is kept as a name only.
    create table sample (
      id uuid primary key,
      user_id uuid not null references account on delete cascade,
      purpose text not null check (purpose in ('voice', 'consent')),
      name text not null,
      container text not null,
      codec text not null,
      audio_key text not null unique,
      audio_bytes bigint not null check (audio_bytes > 0),
      audio_sha256 text not null,
      duration_ms integer not null check (duration_ms > 0),
      sample_rate integer not null check (sample_rate > 0),
      channels integer not null check (channels > 0),
      -- What else was measured: loudness, speech, clipping, noise, pitch, pace.
      measured jsonb not null,
      -- The waveform: of each of equal parts the highest level, 0 to 255.
      peaks bytea not null,
      created_at timestamptz not null default clock_timestamp(),
      deleted_at timestamptz,
      purged_at timestamptz
    );
    create index sample_user on sample (user_id, id desc) where deleted_at is null;
    create index sample_unpurged on sample (id) where deleted_at is not null and purged_at is null;

    -- An upload under way: bytes of the user's storage held for it, and the object it may have left when it was killed.
    create table upload (
      id uuid primary key,
      user_id uuid not null references account on delete cascade,
      audio_key text not null unique,
      reserved_bytes bigint not null check (reserved_bytes > 0),
      expires_at timestamptz not null
    );
    create index upload_user on upload (user_id);
    create index upload_expires_at on upload (expires_at);

    -- What a person stated about a voice: never changed but for being revoked.
    create table consent (
      id uuid primary key,
      user_id uuid not null references account on delete cascade,
      -- Whose voice it is: the user's own, or somebody's who allowed it.
      speaker text not null check (speaker in ('self', 'other')),
      speaker_name text not null,
      statement text not null,
      statement_version text not null,
      -- BCP 47.
      locale text not null,
      -- Part of what was stated or read aloud, made for this consent and used once.
      nonce text not null unique,
      recording_id uuid references sample,
      recording_sha256 text,
      -- Who stated it and from where.
      key_id uuid,
      address text not null,
      user_agent text,
      created_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz,
      revoked_at timestamptz,
      check ((recording_id is null) = (recording_sha256 is null))
    );
    create index consent_user on consent (user_id, id desc);

    -- The samples a consent covers, by their bytes: what is said of one recording does not hold for another.
    create table consent_sample (
      consent_id uuid not null references consent on delete cascade,
      sample_id uuid not null references sample on delete cascade,
      audio_sha256 text not null,
      primary key (consent_id, sample_id)
    );
    create index consent_sample_sample on consent_sample (sample_id);

    create function consent_keep() returns trigger language plpgsql as $$
    begin
      if old.revoked_at is not null or (to_jsonb(new) - 'revoked_at') is distinct from (to_jsonb(old) - 'revoked_at') then
        raise exception 'consent % may only be revoked, once', old.id using errcode = 'integrity_constraint_violation';
      end if;
      return new;
    end $$;
    create trigger consent_append_only before update on consent for each row execute function consent_keep();
    create function consent_sample_keep() returns trigger language plpgsql as $$
    begin
      raise exception 'what consent % covers is final', old.consent_id using errcode = 'integrity_constraint_violation';
    end $$;
    create trigger consent_sample_append_only before update on consent_sample for each row execute function consent_sample_keep();

    alter table voice
      -- A cloned voice has a user and a consent; a preset has neither.
      add column consent_id uuid references consent on delete cascade,
      -- How well the engine follows the samples: the voice itself, or pitch and pace only.
      add column fidelity text check (fidelity in ('full', 'preview')),
      add column settings jsonb not null default '{}',
      add column labels jsonb not null default '{}',
      add column updated_at timestamptz not null default clock_timestamp(),
      add column deleted_at timestamptz,
      add constraint voice_cloned check ((user_id is null) = (consent_id is null) and (user_id is null) = (fidelity is null));
    create index voice_consent on voice (consent_id) where consent_id is not null;
    create index voice_preset_name on voice (lower(name)) where user_id is null;

    -- By whose consent its voice speaks, so that who has to ask whether it still holds finds that in the row at hand.
    alter table generation add column consent_id uuid references consent;
    create index generation_consent on generation (consent_id)
      where consent_id is not null and state in ('queued', 'running');

    create table voice_sample (
      voice_id uuid not null references voice on delete cascade,
      sample_id uuid not null references sample on delete cascade,
      position integer not null check (position >= 0),
      primary key (voice_id, sample_id)
    );
    create index voice_sample_sample on voice_sample (sample_id);

    -- A name that a user gave to a voice they can use, their own or a preset. Lower case.
    create table voice_alias (
      user_id uuid not null references account on delete cascade,
      alias text not null,
      voice_id uuid not null references voice on delete cascade,
      primary key (user_id, alias)
    );
    create index voice_alias_voice on voice_alias (voice_id);

    -- A voice speaking a sentence, made once.
    create table voice_preview (
      voice_id uuid primary key references voice on delete cascade,
      -- Of what was spoken and how: another version is made anew.
      version text not null,
      audio_key text not null unique,
      audio_bytes bigint not null,
      audio_sha256 text not null,
      duration_ms integer not null,
      created_at timestamptz not null default clock_timestamp()
    );

    -- When the store was last compared with the database: one row. What the store is marked with, so that no other
    -- installation's store is taken for this one's.
    create table storage_sweep (
      id boolean primary key default true check (id),
      mark uuid not null default gen_random_uuid(),
      begun_at timestamptz not null
    );

    -- Who makes a preview now. Nobody's when it has expired.
    create table voice_preview_lease (
      voice_id uuid primary key references voice on delete cascade,
      token uuid not null,
      expires_at timestamptz not null
    );
  `.execute(db)
}
