import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { dumpSchema } from './dump-schema.ts'
import { testDatabase } from './testing.ts'

const migrated = await testDatabase()
const scratch = await testDatabase()

test('db/schema.sql is what the migrations produce', async () => {
  const written = await readFile(new URL('../schema.sql', import.meta.url), 'utf8').catch(() => '')
  expect(written, 'db/schema.sql is out of date: run "npm run schema" and look at what changed').toBe(
    await dumpSchema(migrated.connectionString),
  )
})

test.each([
  ['a column', 'alter table plan add column odd_one text', 'odd_one text'],
  ['a default', `alter table plan add column odd_two text default 'so'`, `odd_two text default 'so'::text`],
  ['a check', 'alter table plan add constraint odd_check check (1 < 2)', 'constraint odd_check CHECK ((1 < 2))'],
  ['an index', 'create index odd_index on plan (name) where id is not null', 'CREATE INDEX odd_index ON public.plan'],
  ['a function', `create function odd() returns int language sql as 'select 1'`, 'FUNCTION public.odd()'],
  ['a trigger', 'create trigger odd before update on plan execute function refuse_change()', 'CREATE TRIGGER odd'],
  ['a view', 'create view report.odd as select 1 as one', 'create view report.odd as'],
  ['a type', `create type odd_type as enum ('a', 'b')`, `create type odd_type as enum ('a', 'b')`],
  ['a domain', `create domain odd_domain as text check (value <> '')`, 'create domain odd_domain as text CHECK'],
  ['a sequence', 'create sequence odd_sequence', 'create sequence odd_sequence as bigint'],
  ['a storage parameter', 'alter table plan set (fillfactor = 70)', 'with (fillfactor=70)'],
  ['row level security', 'alter table plan enable row level security', 'alter table plan enable row level security'],
  ['a comment', `comment on column plan.name is 'odd'`, `comment on column plan.name is 'odd'`],
])('%s shows', async (_, statement, expected) => {
  expect(await dumpSchema(scratch.connectionString)).not.toContain(expected)
  await sql.raw(statement).execute(scratch.owner)
  expect(await dumpSchema(scratch.connectionString)).toContain(expected)
})
