import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAssembler } from '@loqui/audio/assembler'
import { createInspector } from '@loqui/audio/inspect/create'
import { createHints } from '@loqui/db/hint'
import { openListener } from '@loqui/db/listen'
import { openQueue, type Work } from '@loqui/db/queue'
import type { Role } from '@loqui/db/schema/accounts'
import { type TestDatabase, testDatabase } from '@loqui/db/testing'
import type { Engine } from '@loqui/engines/engine'
import { createStorage } from '@loqui/storage/create'
import { afterAll, afterEach, expect, onTestFinished } from 'vitest'
import { createAccess } from '../access/watch.ts'
import { type Scope, scopes } from '../actor.ts'
import type { Context, Log } from '../context.ts'
import { Refusal } from '../errors.ts'
import { createEventFeed } from '../events/feed.ts'
import { createFairSlots } from '../generations/fair-slots.ts'
import { createLeases } from '../generations/lease.ts'
import { createRetryBudget } from '../generations/retry-budget.ts'
import { type RunContext, runGeneration } from '../generations/run.ts'
import { createTransitions } from '../generations/transitions.ts'
import { newId } from '../ids.ts'
import { jobs } from '../jobs.ts'
import { createLimits } from '../limits/limits.ts'
import { planConcurrency } from '../plans/queries.ts'
import { createSessions } from '../sessions/sessions.ts'
import { syncPresetVoices } from '../voices/sync.ts'

/** A core of a test file's own: a real database, queue, disk and assembler, all gone after the file. */
export interface TestCore extends TestDatabase {
  /** What a process has. */
  readonly services: RunContext
  /** Makes an account and acts for it by a session. */
  user(options?: { readonly planId?: string; readonly role?: Role }): Promise<TestUser>
  /** The id of a preset voice, as the database knows it. Where several engines have one of this name, say which. */
  voiceId(engineVoice: string, engine?: string): Promise<string>
  /** Runs what is on the queue as a worker does, until the test ends. */
  work(services?: Partial<RunContext>): Work
  /** What the core logged as an error, which fails the test unless it is taken out. */
  readonly alarms: { readonly details: object; readonly message: string }[]
  /** The keys of all objects of a generation, or of all there are. */
  objects(generationId?: string): Promise<string[]>
}

export interface TestUser {
  readonly id: string
  /** As a caller of the core. */
  readonly as: Context & RunContext
  /** The same person by a key of these scopes. */
  withKey(scopes?: readonly Scope[]): Promise<Context & RunContext>
}

/** Call it at the top of a test file. */
export async function testCore(engines: readonly Engine[], options?: { readonly sound?: boolean }): Promise<TestCore> {
  const database = await testDatabase(options)
  const { db, connectionString } = database
  const directory = await mkdtemp(join(tmpdir(), 'loqui-test-core-'))
  const alarms: TestCore['alarms'] = []
  const log: Log = {
    info: () => undefined,
    warn: () => undefined,
    error: (details, message) => void alarms.push({ details, message }),
  }
  const onError = (error: unknown) => log.error({ error }, 'the database or the queue stumbled')
  const hints = createHints(db, onError)
  const listener = await openListener(connectionString, onError)
  const events = createEventFeed({ db, listener, log })
  const queue = await openQueue(Object.values(jobs), { connectionString, supervise: true, onError })
  const assembler = createAssembler({ threads: 1 })
  const inspector = createInspector({ processes: 1 })
  const services: RunContext = {
    db,
    hints,
    listener,
    events,
    queue,
    storage: await createStorage(`file:${directory}`),
    engines: new Map(engines.map((engine) => [engine.id, engine])),
    assembler,
    inspector,
    sessions: createSessions(db),
    access: createAccess({ listener, log }),
    limits: createLimits(log),
    secret: Buffer.from('the secret of this test'),
    log,
    segmentSlots: createFairSlots(16),
    retries: createRetryBudget(),
    leases: createLeases({ db, listener, log }),
    transitions: createTransitions(db),
  }
  await syncPresetVoices(services)

  afterEach(() => expect(alarms.splice(0), 'logged as errors').toEqual([]))
  afterAll(async () => {
    await hints.flush()
    events.close()
    await listener.close()
    await queue.close()
    await assembler.close()
    await inspector.close()
    await Promise.all(engines.map((engine) => engine.close()))
    await rm(directory, { recursive: true, force: true })
  })

  return {
    ...database,
    services,
    alarms,
    async user({ planId = 'free', role = 'user' } = {}) {
      const id = newId()
      await db
        .insertInto('account')
        .values({
          id,
          email: `${id}@example.com`,
          name: null,
          password_hash: '',
          role,
          plan_id: planId,
          disabled_at: null,
        })
        .execute()
      return {
        id,
        as: { ...services, actor: { kind: 'user', userId: id, role, sessionId: 'session' } },
        async withKey(own = scopes) {
          const keyId = newId()
          await db
            .insertInto('api_key')
            .values({
              id: keyId,
              user_id: id,
              public_id: keyId,
              secret_hash: Buffer.alloc(32),
              name: 'Test',
              scopes: [...own],
              expires_at: null,
              revoked_at: null,
              last_used_at: null,
              requests_per_minute: null,
            })
            .execute()
          return { ...services, actor: { kind: 'key', userId: id, role, keyId, scopes: own } }
        },
      }
    },
    async voiceId(engineVoice, engine) {
      const { id } = await db
        .selectFrom('voice')
        .select('id')
        .where('engine_voice', '=', engineVoice)
        .where('user_id', 'is', null)
        .where((eb) => (engine === undefined ? eb.lit(true) : eb('engine', '=', engine)))
        .executeTakeFirstOrThrow()
      return id
    },
    work(own = {}) {
      const context = { ...services, ...own }
      const work = queue.work(
        jobs.runGeneration,
        { concurrency: 8, groupConcurrency: 8, tiers: planConcurrency, onError },
        (data, signal) => runGeneration(context, data, signal),
      )
      const unlisten = listener.on('work', jobs.runGeneration.name, work.wake)
      onTestFinished(async () => {
        unlisten()
        await work.stop(0)
      })
      return work
    },
    async objects(generationId) {
      const prefix = generationId === undefined ? 'generations/' : `generations/${generationId}/`
      return (await Array.fromAsync(services.storage.list(prefix), ({ key }) => key)).sort()
    },
  }
}

/** The id of a generation as the database knows it. */
export const rowId = (wire: string) => wire.slice(wire.indexOf('_') + 1)

/** The refusal that a call ends with. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  const outcome = await call.then(
    (value) => value,
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(Refusal)
  return outcome as Refusal
}
