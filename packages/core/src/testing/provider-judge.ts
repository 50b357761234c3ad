import assert from 'node:assert/strict'
import type { Db } from '@loqui/db/client'
import type { FakeReplicate } from '@loqui/fake-replicate/server'
import { sql } from 'kysely'
import { mostCalls } from '../generations/calls.ts'
import { doomed } from './provider-switches.ts'

/** What came of generations that a provider spoke. */
export interface ProviderTally {
  readonly succeeded: number
  readonly failed: number
  /** That the provider accepted. */
  readonly creations: number
  /** Beyond one for each segment. */
  readonly extra: number
}

interface Ended {
  readonly id: string
  readonly state: string
  readonly text: string
  readonly reason: string | null
  readonly charged_ms: number | null
}

interface Call {
  readonly generation_id: string
  readonly segment_index: number
  readonly provider_id: string | null
  readonly belongs: string
  readonly outcome: string
  readonly cost_micros: number
}

/** What a call may be called whose prediction ended so. What is made and cannot be used is gone. */
const outcomes: Readonly<Record<string, readonly string[]>> = {
  succeeded: ['succeeded', 'gone'],
  failed: ['failed'],
  canceled: ['canceled'],
  aborted: ['aborted'],
}

/**
 * Holds everything that a fake was asked for to what is promised of providers, once all generations have ended. The fake
 * must have been asked for nothing else, each segment must have a text of its own, and of what was canceled by a person
 * nothing may be among it.
 *
 * @param doom whether doomed texts have to fail.
 * @throws AssertionError for a broken promise.
 */
export async function judgeProvider(
  db: Db,
  fake: FakeReplicate,
  ids: readonly string[],
  { doom = false }: { readonly doom?: boolean } = {},
): Promise<ProviderTally> {
  const { rows: generations } = await sql<Ended>`
    select id, state, text, error_reason as reason, charged_ms from generation where id = any(${ids}::uuid[])
  `.execute(db)
  const { rows: calls } = await sql<Call>`
    select generation_id, segment_index, provider_id, belongs, outcome, cost_micros::integer from report.prediction
      where generation_id = any(${ids}::uuid[])
  `.execute(db)
  const journalOf = (id: string | undefined) =>
    JSON.stringify(calls.filter(({ generation_id }) => generation_id === id))
  const segments = Map.groupBy(calls, ({ generation_id, segment_index }) => `${generation_id} ${segment_index}`)

  for (const { id, state, text, reason, charged_ms } of generations) {
    assert.ok(state === 'succeeded' || state === 'failed', `${id} is ${state}`)
    if (doom && text.includes(doomed)) assert.equal(state, 'failed', `${id} was bound to fail`)
    if (state === 'succeeded') continue
    assert.equal(charged_ms, 0, `${id} failed and is charged`)
    if (reason === 'invalid_input') continue
    assert.equal(reason, 'engine_failed', `${id} failed with ${reason}`)
    const wasTried = [...segments].some(
      ([segment, made]) => segment.startsWith(id) && made.filter(({ outcome }) => isVain(outcome)).length === mostCalls,
    )
    const vain = `no segment of it was asked for ${mostCalls} times in vain`
    assert.ok(wasTried, `${id} failed, and ${vain}, but ${journalOf(id)}`)
  }

  for (const [segment, of] of segments) {
    const made = of.filter(({ provider_id }) => provider_id !== null)
    assert.ok(made.length <= mostCalls, `segment ${segment} was created ${made.length} times`)
    assert.ok(
      of.every(({ outcome }) => outcome !== 'open'),
      `a call of segment ${segment} is open`,
    )
    // One of them is the segment; another one that was paid for must have been taken up after its attempt.
    const paid = made.filter(({ outcome, belongs }) => outcome === 'succeeded' && belongs === 'own')
    assert.ok(paid.length <= 1, `segment ${segment} was paid for twice`)
  }

  const known = new Map(calls.map((call) => [call.provider_id, call]))
  for (const { id, text, status, costMicros } of fake.predictions) {
    const call = known.get(id)
    const of = () => journalOf(generations.find((generation) => generation.text.includes(text))?.id)
    assert.ok(call, `the journal does not know ${id}, ${status}, “${text}”, but ${of()}`)
    assert.ok(outcomes[status]?.includes(call.outcome), `${id} ${status}, and the journal says ${call.outcome}`)
    assert.equal(call.cost_micros, costMicros, `${id} costs`)
  }
  assert.equal(
    calls.reduce((sum, { cost_micros }) => sum + cost_micros, 0),
    fake.billedMicros,
    'micro-dollars counted and billed',
  )
  assert.deepEqual(fake.running(), [], 'what the provider is still making')
  const { rows: violations } = await sql`select * from report.violations()`.execute(db)
  assert.deepEqual(violations, [], 'report.violations()')

  const isState = (wanted: string) => generations.filter(({ state }) => state === wanted).length
  const texts = new Set(fake.predictions.map(({ text }) => text))
  return {
    succeeded: isState('succeeded'),
    failed: isState('failed'),
    creations: fake.predictions.length,
    extra: fake.predictions.length - texts.size,
  }
}

/** A call that left no audio, or may have left some that nobody could have. */
const isVain = (outcome: string) => outcome !== 'succeeded' && outcome !== 'refused'
