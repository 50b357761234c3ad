import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table plan (
      id text primary key check (id ~ '^[a-z][a-z0-9_-]{0,31}$'),
      name text not null,
      seconds_per_month bigint not null check (seconds_per_month between 0 and 1000000000),
      requests_per_minute integer not null check (requests_per_minute > 0),
      concurrency integer not null check (concurrency > 0),
      storage_bytes bigint not null check (storage_bytes >= 0),
      max_characters integer not null check (max_characters > 0),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );

    insert into plan (id, name, seconds_per_month, requests_per_minute, concurrency, storage_bytes, max_characters) values
      ('free',      'Free',           600,   30,   2,    100000000,    5000),
      ('starter',   'Starter',       7200,   60,   4,   1000000000,   20000),
      ('pro',       'Pro',          72000,  300,  16,  20000000000,  200000),
      ('unlimited', 'Unlimited', 1000000000, 6000, 64, 1000000000000, 1000000);

    create table account (
      id uuid primary key,
      email text not null unique check (email = lower(email)),
      name text,
      password_hash text not null,
      role text not null default 'user' check (role in ('user', 'admin')),
      plan_id text not null default 'free' references plan,
      disabled_at timestamptz,
      created_at timestamptz not null default now()
    );

    -- Only a hash of the session id is stored: who reads this table cannot act as anyone.
    create table session (
      id_hash bytea primary key,
      user_id uuid not null references account on delete cascade,
      expires_at timestamptz not null,
      created_at timestamptz not null default now()
    );
    create index session_user_id on session (user_id);
    create index session_expires_at on session (expires_at);

    create table api_key (
      id uuid primary key,
      user_id uuid not null references account on delete cascade,
      public_id text not null unique,
      secret_hash bytea not null,
      name text not null,
      scopes text[] not null,
      expires_at timestamptz,
      revoked_at timestamptz,
      last_used_at timestamptz,
      created_at timestamptz not null default now()
    );
    create index api_key_user_id on api_key (user_id, id desc);
  `.execute(db)
}
