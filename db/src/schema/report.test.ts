import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Trx } from '../client.ts'
import { appRole } from '../rights.ts'
import { cancel, claim, fail, newAccount, newGeneration, newSegments, succeed } from '../testing/ledger.ts'
import { testDatabase } from '../testing.ts'

const { db, owner } = await testDatabase()

const account = await newAccount(db)
const { userId } = account

/** A generation that succeeded: 5 s held, 4 s charged, one segment. */
const done = (await newGeneration(db, account, { reservedMs: 5_000 }))!
const doneAttempt = (await claim(db, done))!
await succeed(db, done, doneAttempt, 4_000)

/** What it cost. */
await sql`select cost_spend(${done}, ${doneAttempt}, 300)`.execute(db)

/** 3 s were charged and given back. */
const refunded = (await newGeneration(db, account, { reservedMs: 5_000 }))!
await succeed(db, refunded, (await claim(db, refunded))!, 3_000)
await sql`select quota_refund(${refunded}, ${randomUUID()}, 'Sorry.')`.execute(db)

const failed = (await newGeneration(db, account, { reservedMs: 5_000 }))!
await fail(db, failed, (await claim(db, failed))!)

const canceled = (await newGeneration(db, account, { reservedMs: 5_000 }))!
await cancel(db, canceled)

/** In hand: 7 s and 700 micros held. */
const running = (await newGeneration(db, account, { reservedMs: 7_000, cost: 700 }))!
await claim(db, running)
await newSegments(db, running, 1)

interface Violation {
  readonly invariant: number
  readonly subject: string
  readonly detail: string
}

/** What the report says of a database where `statements` were done behind everybody's back; then they are undone. */
async function after(...statements: RawBuilder<unknown>[]): Promise<Violation[]> {
  class Undo extends Error {}
  let found: Violation[] = []
  const breaking = owner.transaction().execute(async (trx: Trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    for (const statement of statements) await statement.execute(trx)
    found = (await sql<Violation>`select * from report.violations() order by invariant, detail`.execute(trx)).rows
    throw new Undo()
  })
  await expect(breaking).rejects.toBeInstanceOf(Undo)
  return found
}

const entryOf = (generation: string, kind: string) =>
  sql`from quota_entry where generation_id = ${generation} and kind = ${kind}`
const addEntry = (generation: string, kind: string, ms: number) => sql`
  insert into quota_entry (user_id, period_start, generation_id, kind, ms)
  select user_id, period_start, ${generation}, ${kind}, ${ms} from quota_account where user_id = ${userId}`
const named = (invariant: number, subject: string, detail: string | RegExp = /./) =>
  expect.objectContaining({ invariant, subject, detail: expect.stringMatching(detail) })
const accountSubject = expect.stringContaining(`account ${userId}`) as unknown as string

test('where all is well it returns no row', async () => {
  expect(await after()).toEqual([])
})

test.for(['granted_ms', 'used_ms', 'reserved_ms'] as const)(
  '1: a balance whose %s is not the sum of its entries',
  async (column) => {
    const found = await after(sql`update quota_account set ${sql.ref(column)} = ${sql.ref(column)} + 1`)
    expect(found).toEqual([named(1, accountSubject, /^balance \d+\/\d+\/\d+, entries 100000\/4000\/7000/)])
  },
)

test('1: a balance that is overspent, though the entries agree', async () => {
  const found = await after(
    sql`alter table quota_account drop constraint quota_account_check`,
    sql`update quota_account set granted_ms = 10000`,
    sql`update quota_entry set ms = 10000 where kind = 'grant'`,
  )
  expect(found).toEqual([named(1, accountSubject)])
})

test('1: an adjustment that has no entry', async () => {
  const found = await after(sql`update quota_account set adjusted_ms = adjusted_ms + 1`)
  expect(found).toEqual([named(1, accountSubject)])
})

test('2: a reservation resolved twice', async () => {
  const found = await after(sql`drop index quota_entry_one_resolution`, addEntry(done, 'release', 5_000))
  expect(found).toContainEqual(named(2, `generation ${done}`, '2 resolutions'))
})

test('2: more settled than was reserved', async () => {
  const found = await after(
    sql`update quota_entry set ms = 5001 where generation_id = ${done} and kind = 'settle'`,
    sql`update quota_account set used_ms = 5001`,
  )
  expect(found).toContainEqual(named(2, `generation ${done}`, '5001 ms settled of 5000'))
})

test('2: a resolution without a reservation', async () => {
  const found = await after(sql`delete ${entryOf(done, 'reserve')}`)
  expect(found).toContainEqual(named(2, `generation ${done}`, 'without a reservation'))
})

test('2: a resolution in another period than the reservation', async () => {
  const found = await after(
    sql`insert into quota_account (user_id, period_start, period_end, granted_ms, used_ms)
      select user_id, period_end, period_end + interval '1 month', 5000, 4000 from quota_account`,
    sql`insert into quota_entry (user_id, period_start, kind, ms) select user_id, period_start, 'grant', 5000
      from quota_account where used_ms = 4000 and reserved_ms = 0`,
    sql`update quota_entry set period_start = (select max(period_start) from quota_account)
      where generation_id = ${done} and kind = 'settle'`,
    sql`update quota_account set used_ms = 0 where reserved_ms > 0`,
  )
  expect(found).toEqual([named(2, `generation ${done}`, 'another account')])
})

test('2: a generation that holds nothing, or something else than it says', async () => {
  const nothing = await after(sql`delete ${entryOf(running, 'reserve')}`, sql`update quota_account set reserved_ms = 0`)
  expect(nothing).toEqual([named(2, `generation ${running}`, 'says 7000 ms reserved, the ledger nothing')])
  const other = await after(sql`update generation set reserved_ms = 6999 where id = ${running}`)
  expect(other).toEqual([named(2, `generation ${running}`, 'says 6999 ms reserved, the ledger 7000')])
})

test('2: given back twice, or not what was charged', async () => {
  const twice = await after(
    sql`drop index quota_entry_one_refund`,
    addEntry(refunded, 'refund', 3_000),
    sql`update quota_account set used_ms = used_ms - 3000`,
    sql`update usage_day set charged_ms = charged_ms - 3000`,
  )
  expect(twice).toEqual([named(2, `generation ${refunded}`, '2 refunds of 6000 ms, settled 3000 ms')])
  const other = await after(
    addEntry(done, 'refund', 3_999),
    sql`update quota_account set used_ms = used_ms - 3999`,
    sql`update usage_day set charged_ms = charged_ms - 3999`,
  )
  expect(other).toEqual([named(2, `generation ${done}`, '1 refunds of 3999 ms, settled 4000 ms')])
  const uncharged = await after(
    addEntry(failed, 'refund', 1),
    sql`update quota_account set used_ms = used_ms - 1`,
    sql`update usage_day set charged_ms = charged_ms - 1`,
  )
  expect(uncharged).toEqual([named(2, `generation ${failed}`, '1 refunds of 1 ms, settled 0 ms')])
})

test('2: given back in another period than it was charged', async () => {
  const found = await after(
    sql`insert into quota_account (user_id, period_start, period_end) select user_id, period_end, period_end + interval '1 month'
      from quota_account`,
    sql`alter table quota_account drop constraint quota_account_used_ms_check`,
    sql`update quota_account set used_ms = used_ms + case when reserved_ms > 0 then 3000 else -3000 end`,
    sql`update quota_entry set period_start = (select max(period_start) from quota_account) where kind = 'refund'`,
  )
  expect(found).toEqual([named(2, `generation ${refunded}`, 'another account')])
})

test.for(
  ['quota_entry', 'quota_account'].flatMap((table) =>
    ['insert', 'update', 'delete', 'truncate', 'update (user_id)'].map((right) => [right, table] as const),
  ),
)('3: processes that may %s the %s', async ([right, table]) => {
  const found = await after(sql`grant ${sql.raw(right)} on ${sql.table(table)} to ${sql.ref(appRole)}`)
  expect(found).toEqual([named(3, table, `may ${right.split(' ')[0]} it`)])
})

test('3: a door to the ledger that stands open to everybody', async () => {
  const found = await after(sql`grant execute on function quota_refund to public`)
  expect(found).toEqual([named(3, 'quota_refund(uuid,uuid,text)', 'any login may call it')])
})

test.for(['quota_entry_append_only', 'quota_entry_no_truncate'])('3: without the trigger %s', async (trigger) => {
  const disabled = await after(sql`alter table quota_entry disable trigger ${sql.ref(trigger)}`)
  expect(disabled).toEqual([named(3, 'quota_entry')])
  const missing = await after(sql`drop trigger ${sql.ref(trigger)} on quota_entry`)
  expect(missing).toEqual([named(3, 'quota_entry')])
})

test('4: something reserved while nothing is open', async () => {
  const found = await after(
    sql`delete from segment where generation_id = ${running}`,
    sql`delete from generation where id = ${running}`,
  )
  expect(found).toContainEqual(named(4, `account ${userId}`, '7000 ms reserved'))
})

test('4: a charge that is not the length of the audio', async () => {
  const found = await after(
    sql`update quota_entry set ms = 3999 where generation_id = ${done} and kind = 'settle'`,
    sql`update quota_account set used_ms = 3999`,
    sql`update usage_day set charged_ms = 3999`,
  )
  expect(found).toEqual([named(4, `generation ${done}`, 'decoded 4000 ms, charged 4000 ms, settled 3999 ms')])
  const row = await after(sql`update generation set charged_ms = 3999 where id = ${done}`)
  expect(row).toEqual([named(4, `generation ${done}`, 'charged 3999 ms, settled 4000 ms')])
})

test('4: a history that says something else than the ledger, or nothing', async () => {
  const other = await after(sql`update usage_day set charged_ms = charged_ms + 1`)
  expect(other).toEqual([named(4, `user ${userId}`, '4001 ms in the history, 4000 ms in the ledger')])
  const nothing = await after(sql`delete from usage_day`)
  expect(nothing).toEqual([named(4, `user ${userId}`, ' ms in the history, 4000 ms in the ledger')])
})

test.for(['audio_key', 'audio_bytes', 'audio_sha256', 'duration_ms'])('5: a success without its %s', async (column) => {
  const found = await after(
    sql`do $$ declare c name; begin
      for c in select conname from pg_constraint where conrelid = 'generation'::regclass and contype = 'c' loop
        execute 'alter table generation drop constraint ' || c;
      end loop; end $$`,
    sql`update generation set ${sql.ref(column)} = null where id = ${done}`,
  )
  expect(found).toContainEqual(named(5, `generation ${done}`, 'without its audio'))
})

test('5: an object that two generations claim', async () => {
  const found = await after(sql`update generation set audio_key = (select audio_key from generation where id = ${done})
    where id = ${running}`)
  expect(found).toEqual([named(5, `object ${done}/${doneAttempt}`, 'more than one')])
})

test('5: segments that do not add up', async () => {
  const count = await after(sql`update generation set segments_done = 1 where id = ${running}`)
  expect(count).toEqual([named(5, `generation ${running}`, '0 of 1 segments stored, row says 1')])
  const missing = await after(sql`delete from segment where generation_id = ${done}`)
  expect(missing).toEqual([named(5, `generation ${done}`, '0 of 1 segments stored, row says 1')])
})

test('6: a cost that no attempt had', async () => {
  const found = await after(sql`update generation set actual_cost_micros = actual_cost_micros + 1 where id = ${done}`)
  expect(found).toEqual([named(6, `generation ${done}`, 'cost 301 micros, its attempts 300')])
  const lost = await after(sql`delete from attempt where generation_id = ${done}`)
  expect(lost).toEqual([named(6, `generation ${done}`, 'cost 300 micros, its attempts 0')])
})

test('6: an attempt that runs on, though its generation ended or has another', async () => {
  const ended = await after(sql`update attempt set outcome = 'running', ended_at = null where token = ${doneAttempt}`)
  expect(ended).toEqual([named(6, `attempt ${doneAttempt}`, 'its generation is succeeded')])
  const other = await after(sql`update generation set attempt = ${randomUUID()} where id = ${running}`)
  expect(other).toEqual([named(6, expect.stringContaining('attempt') as unknown as string, 'running under')])
})

test.for(['spent_micros', 'held_micros'])('6: a month whose %s are not the sum of the users’', async (column) => {
  const found = await after(
    sql`update cost_month set ${sql.ref(column)} = ${sql.ref(column)} + 1 where user_id is null`,
  )
  expect(found).toEqual([named(6, expect.stringMatching(/^month/) as unknown as string, 'of the installation')])
})

test('6: a hold on the budget that no generation has', async () => {
  const found = await after(sql`update cost_month set held_micros = held_micros + 1`)
  expect(found).toEqual([
    named(6, expect.stringContaining(userId) as unknown as string, '701 micros held, 700 by generations'),
  ])
})

test('6: an end that still holds some of the budget', async () => {
  const found = await after(
    sql`update generation set cost_held_micros = 1 where id = ${canceled}`,
    sql`update cost_month set held_micros = held_micros + 1`,
  )
  expect(found).toEqual([named(6, `generation ${canceled}`, 'canceled, and still holds 1 micros')])
})

const [mark, other] = [randomUUID(), randomUUID()]
const call = (
  more: { mark?: string; number?: number; attempt?: string; cost?: number; at?: string; outcome?: string } = {},
) => {
  const { outcome, at = 'now()' } = more
  const ended = outcome === undefined ? sql`null, null, null` : sql`${outcome}, 'attempt', now()`
  return sql`
    insert into provider_call (mark, generation_id, segment_index, number, attempt, engine, cost_micros, announced_at,
        outcome, ended_by, ended_at)
      values (${more.mark ?? mark}, ${done}, 0, ${more.number ?? 1}, ${more.attempt ?? doneAttempt}, 'test',
        ${more.cost ?? 300}, ${sql.raw(at)}, ${ended})`
}

test('6: calls of a provider that cost something else than their generation', async () => {
  expect(await after(call({ outcome: 'succeeded' }))).toEqual([])
  const found = await after(call({ outcome: 'succeeded', cost: 299 }))
  expect(found).toEqual([named(6, `generation ${done}`, 'calls cost 299 micros, it says 300')])
})

test('6: a call of a provider that belongs to no attempt', async () => {
  const found = await after(call({ attempt: randomUUID() }))
  expect(found).toEqual([named(6, `call ${mark}`, 'belongs to no attempt')])
})

test('6: a call that nobody has ended, an hour after its generation', async () => {
  const late = sql`update generation set finished_at = now() - interval '2 hours' where id = ${done}`
  expect(await after(call(), late)).toEqual([])
  expect(await after(call({ at: `now() - interval '2 hours'` }))).toEqual([])
  const found = await after(call({ at: `now() - interval '2 hours'` }), late)
  expect(found).toEqual([named(6, `call ${mark}`, 'open for an hour, while its generation is succeeded')])
})

test('6: a segment that was asked for more than twice, but for what was refused', async () => {
  const twice = [call(), call({ mark: other, number: 2, cost: 0 })]
  const third = (outcome: string) => call({ mark: randomUUID(), number: 3, cost: 0, outcome })
  expect(await after(...twice, third('refused'))).toEqual([])
  expect(await after(...twice, third('canceled'))).toEqual([named(6, `segment ${done} 0`, 'asked for 3 times')])
})

test('7: without the trigger that keeps terminal states', async () => {
  const disabled = await after(sql`alter table generation disable trigger generation_terminal`)
  expect(disabled).toEqual([named(7, 'generation')])
})

test.for([
  ['failed', failed],
  ['canceled', canceled],
] as const)('7: a charge for what is %s', async ([, id]) => {
  const entry = await after(
    sql`update quota_entry set kind = 'settle' where generation_id = ${id} and kind = 'release'`,
    sql`update quota_account set used_ms = used_ms + 5000`,
    sql`update usage_day set charged_ms = charged_ms + 5000`,
  )
  expect(entry).toEqual([named(7, `generation ${id}`, 'charged 5000 ms')])
  const row = await after(sql`update generation set charged_ms = 1 where id = ${id}`)
  expect(row).toEqual([named(7, `generation ${id}`)])
})

test('7: an end whose reservation is still open', async () => {
  const found = await after(
    sql`delete ${entryOf(failed, 'release')}`,
    sql`update quota_account set reserved_ms = reserved_ms + 5000`,
  )
  expect(found).toEqual([named(7, `generation ${failed}`, 'open')])
})

test('8: an idempotency key that has no answer', async () => {
  const found = await after(sql`insert into idempotency (user_id, route, key, request_hash)
    values (${userId}, 'generations.create', ${randomUUID()}, '\\x00')`)
  expect(found).toEqual([named(8, expect.stringContaining('generations.create') as unknown as string)])
})

const [consentId, sampleId, clonedId] = [randomUUID(), randomUUID(), randomUUID()]
const addSample = (id: string, deletedAt: RawBuilder<unknown> = sql`null`) => sql`
  insert into sample (id, user_id, purpose, name, container, codec, audio_key, audio_bytes, audio_sha256, duration_ms,
      sample_rate, channels, measured, peaks, deleted_at)
    values (${id}, ${userId}, 'voice', '', 'wav', 'pcm-s16', ${id}, 1, 'a hash', 1000, 8000, 1, '{}', '', ${deletedAt})`
const addConsent = sql`
  insert into consent (id, user_id, speaker, speaker_name, statement, statement_version, locale, nonce, address)
    values (${consentId}, ${userId}, 'self', 'Ada', '', '1', 'en', ${consentId}, '')`
const addCloned = sql`
  insert into voice (id, user_id, consent_id, fidelity, engine, engine_voice, name, gender, language)
    values (${clonedId}, ${userId}, ${consentId}, 'full', 'test', 'test', 'Mine', 'neutral', 'en')`
const cover = (hash: string) => sql`insert into consent_sample values (${consentId}, ${sampleId}, ${hash})`
const useSample = sql`insert into voice_sample values (${clonedId}, ${sampleId}, 0)`

test('9: what goes on speaking by a consent that was revoked', async () => {
  const speak = sql`update generation set consent_id = ${consentId} where id = ${running}`
  expect(await after(addConsent, speak)).toEqual([])
  const found = await after(addConsent, speak, sql`update consent set revoked_at = now()`)
  expect(found).toEqual([named(9, `generation ${running}`, 'running, and its consent was revoked')])
})

test('9: a voice of samples that its consent is not about, or not about these bytes', async () => {
  const made = [addConsent, addSample(sampleId), addCloned, useSample]
  expect(await after(...made, cover('a hash'))).toEqual([])
  const violation = named(9, `voice ${clonedId}`, 'made of samples that its consent does not cover')
  expect(await after(...made)).toEqual([violation])
  expect(await after(...made, cover('another hash'))).toEqual([violation])
  const stolen = sql`update consent set user_id = ${randomUUID()}`
  expect(await after(...made, cover('a hash'), stolen)).toEqual([violation])
})

test('9: a deleted sample that is there a day later', async () => {
  expect(await after(addSample(sampleId, sql`now() - interval '23 hours'`))).toEqual([])
  const found = await after(addSample(sampleId, sql`now() - interval '25 hours'`))
  expect(found).toEqual([named(9, `sample ${sampleId}`, 'its audio is not removed')])
})

test.for(['consent', 'consent_sample'])('9: a %s that could be changed', async (table) => {
  const found = await after(sql`alter table ${sql.table(table)} disable trigger ${sql.ref(`${table}_append_only`)}`)
  expect(found).toEqual([named(9, table, 'trigger that keeps it is missing or disabled')])
})

test('what a transaction in flight has not committed is nobody’s violation', async () => {
  await db.transaction().execute(async (trx) => {
    await newGeneration(trx, account, { reservedMs: 1_000 })
    await sql`insert into idempotency (user_id, route, key, request_hash) values (${userId}, 'r', 'k', '\\x00')`.execute(
      trx,
    )
    expect((await sql`select * from report.violations()`.execute(db)).rows).toEqual([])
    await sql`delete from idempotency`.execute(trx)
  })
})
