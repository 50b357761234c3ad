import type { FileHandle } from 'node:fs/promises'
import type { Inspection } from '@loqui/audio/inspect/inspector'
import { InspectionRefusal } from '@loqui/audio/inspect/refusal'
import type { Db } from '@loqui/db/client'
import type { SamplePurpose } from '@loqui/db/schema/samples'
import { transaction } from '@loqui/db/transaction'
import { sql } from 'kysely'
import { z } from 'zod'
import { permit } from '../actor.ts'
import type { Caller } from '../context.ts'
import { Refusal } from '../errors.ts'
import { appendEvent } from '../events/append.ts'
import { idempotent } from '../idempotency/idempotent.ts'
import { type Once, type Repeatable, readRepeatable } from '../idempotency/repeatable.ts'
import { wireId } from '../ids.ts'
import { nameOfFile, sampleName } from './name.ts'
import { type Reservation, reserve } from './reserve.ts'
import { type Sample, toSample } from './sample.ts'

/** The largest file that is taken: fifteen minutes at a rate that voices need, in any format but raw ones. */
export const mostSampleBytes = 20 << 20

export const uploadSampleInput = z.strictObject({
  /** Default: what the file is called. */
  name: sampleName.optional(),
  purpose: z.enum(['voice', 'consent']).default('voice'),
})

/** A file as it arrived. */
export interface ReceivedFile {
  readonly bytes: number
  /** Lower-case hex SHA-256 of the bytes. */
  readonly sha256: string
  /** What its sender calls it: a hint for a name, and nothing else. */
  readonly fileName: string | undefined
  readonly input: z.output<typeof uploadSampleInput>
}

export interface Uploading extends Repeatable {
  /** What the file can come to at most, as far as its sender says. */
  readonly mostBytes: number
  /** Takes the file from its sender, when there is room for it, and writes it to an open one. */
  readonly receive: (file: FileHandle) => Promise<ReceivedFile>
  /** Ends all of it, when whoever sends is gone. */
  readonly signal: AbortSignal
}

/**
 * Makes a sample of a file: holds room for it, takes it, finds out what it is, stores it, and writes it down. Whatever goes
 * wrong on the way, nothing is left behind: what this process cannot remove any more the sweep does.
 *
 * @throws {Refusal} `concurrency_limited`, `storage_quota_exceeded`, any of `audio_…`, `invalid_input`,
 * `idempotency_key_reused`; whatever `receive` throws.
 */
export async function uploadSample(
  caller: Caller<'db' | 'actor' | 'hints' | 'storage' | 'inspector' | 'log'>,
  uploading: Uploading,
): Promise<Sample> {
  const { db, actor, hints, storage, log } = caller
  const userId = permit(actor, 'samples:write')
  const reservation = await reserve(caller, userId, uploading.mostBytes)
  let kept: Sample | undefined
  try {
    await using draft = await storage.draft(reservation.key)
    const received = await uploading.receive(draft.file)
    const named = { name: nameFor(received), purpose: received.input.purpose }
    const keyId = actor.kind === 'key' ? actor.keyId : null
    const input = { ...named, sha256: received.sha256 }
    const once = readRepeatable(uploading, 'samples.upload', input, { userId, keyId })
    // What was looked at once need not be looked at again.
    const earlier = await once?.earlier(db)
    if (earlier !== undefined) {
      // The column holds what this verb answered, as JSON.
      kept = JSON.parse(earlier) as Sample
      return kept
    }
    const inspection = await inspect(caller, draft.file, uploading.signal)
    await draft.keep({ signal: uploading.signal })
    kept = await keep(db, userId, reservation, { ...named, received, inspection, once })
    hints.hint('events', userId)
    return kept
  } finally {
    await reservation.stop()
    if (kept?.id !== wireId('sample', reservation.id)) {
      await giveUp({ db, storage }, reservation).catch((error: unknown) => {
        log.warn({ error, key: reservation.key }, 'what an upload left is left to the sweep')
      })
    }
  }
}

async function inspect({ inspector }: Caller<'inspector'>, file: FileHandle, signal: AbortSignal): Promise<Inspection> {
  try {
    return await inspector.inspect(file, { signal })
  } catch (error) {
    if (error instanceof InspectionRefusal) throw new Refusal(error.reason, `file: ${error.message}`, { cause: error })
    throw error
  }
}

function nameFor({ input, fileName }: ReceivedFile): string {
  const name = input.name ?? nameOfFile(fileName ?? '')
  if (name !== undefined) return name
  const message = 'must be given, since the file has no name to take it from'
  throw new Refusal('invalid_input', `name: ${message}`, { issues: [{ field: 'name', message }] })
}

interface Inspected {
  readonly name: string
  readonly purpose: SamplePurpose
  readonly received: ReceivedFile
  readonly inspection: Inspection
  readonly once: Once | undefined
}

/** The row comes when the reservation goes; a repetition is answered with the sample of the first call. */
async function keep(
  db: Db,
  userId: string,
  { id, key }: Reservation,
  { name, purpose, received, inspection, once }: Inspected,
): Promise<Sample> {
  return transaction(db, async (trx) => {
    const sample = await idempotent(trx, userId, once, async () => {
      const { numDeletedRows } = await trx.deleteFrom('upload').where('id', '=', id).executeTakeFirst()
      // Silent for so long that the sweep took this process for dead: its object may be gone already.
      if (numDeletedRows === 0n) throw lost()
      const row = await trx
        .insertInto('sample')
        .values({
          id,
          user_id: userId,
          purpose,
          name,
          container: inspection.container,
          codec: inspection.codec,
          audio_key: key,
          audio_bytes: received.bytes,
          audio_sha256: received.sha256,
          duration_ms: inspection.durationMs,
          sample_rate: inspection.sampleRate,
          channels: inspection.channels,
          measured: JSON.stringify(inspection.measured),
          peaks: Buffer.from(inspection.peaks),
          deleted_at: null,
          purged_at: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      return toSample({ ...row, consent_id: null })
    })
    // So that a deletion finds it.
    if (once && sample.id === wireId('sample', id)) {
      await trx
        .updateTable('idempotency')
        .set({ about: sample.id })
        .where((eb) => eb.and({ user_id: userId, route: once.route, key: once.key }))
        .execute()
    }
    if (sample.id === wireId('sample', id)) await appendEvent(trx, userId, 'sample.created', id)
    return sample
  })
}

const lost = () =>
  new Refusal('service_unavailable', 'Loqui lost this upload on its way. Send the file again.', {
    retryAfterSeconds: 1,
  })

async function giveUp({ db, storage }: Caller<'db' | 'storage'>, { id, key }: Reservation): Promise<void> {
  // Waits for a commit of which we have not heard.
  const { numUpdatedRows } = await db
    .updateTable('upload')
    .set({ expires_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) {
    // Where that commit took the row there is a sample, whose object must stay; where the sweep did, it came before the object.
    const sample = await db.selectFrom('sample').select('id').where('id', '=', id).executeTakeFirst()
    if (sample) return
  }
  await storage.remove([key])
  await db.deleteFrom('upload').where('id', '=', id).execute()
}
