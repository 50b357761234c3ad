import { randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'
import type { Faults, RunFault } from './faults.ts'
import type { FakeModel } from './models.ts'
import type { BadSound } from './voice.ts'

export type Status = 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted'

/** A prediction that was accepted: it is kept for the test when Replicate would have forgotten it. */
export interface Prediction {
  readonly id: string
  readonly model: FakeModel
  /** `version` where it was created by one, else `model`. */
  readonly by: 'model' | 'version'
  readonly version: string
  /** What was sent, without defaults. */
  readonly input: Readonly<Record<string, unknown>>
  readonly text: string
  readonly webhook: string | undefined
  readonly events: readonly WebhookEvent[]
  readonly createdAt: number
  /** When it is ended if it has not ended by itself. */
  readonly deadline: number | null
  status: Status
  startedAt: number | null
  completedAt: number | null
  output: unknown
  /** What is wrong with its audio, where something is. */
  sound: BadSound | null
  error: string | null
  /** An hour after its end input, output and logs are gone. */
  removed: boolean
  /** In micro-dollars, once it is known. */
  costMicros: number
}

export type WebhookEvent = 'start' | 'output' | 'logs' | 'completed'

/** How quickly things go, in milliseconds. A test may change it at any time. */
export interface Pace {
  /** From being accepted until it runs. */
  startMs: number
  runMs: number
  /** From being accepted until it is in the list. */
  listedAfterMs: number
}

export interface NewPrediction extends Pick<Prediction, 'model' | 'by' | 'version' | 'input' | 'webhook' | 'events'> {
  /** After which it is ended, in milliseconds. */
  readonly cancelAfterMs: number | null
}

export interface Predictions {
  /** All that were ever accepted, oldest first. */
  readonly all: readonly Prediction[]
  create(wanted: NewPrediction): Prediction
  find(id: string): Prediction | undefined
  cancel(prediction: Prediction): void
  /** Resolves when it has ended. */
  ended(prediction: Prediction): Promise<void>
}

/** What predictions need from what is around them. */
export interface Surroundings {
  readonly clock: Clock
  readonly faults: Faults
  readonly pace: Pace
  /** Puts audio where it can be fetched from. @returns its address. */
  publish(prediction: Prediction): string
  /** Why a reference recording cannot be used, or null. */
  checkReference(prediction: Prediction): string | null
  notify(prediction: Prediction, event: WebhookEvent): void
}

/** As Replicate keeps what came through its API. */
export const retentionMs = 3_600_000
/** The longest a prediction may run. */
const longestRunMs = 30 * 60_000

export function createPredictions(around: Surroundings): Predictions {
  const { clock, faults, pace, publish, checkReference, notify } = around
  const all: Prediction[] = []
  const byId = new Map<string, Prediction>()
  const timers = new Map<Prediction, Set<() => void>>()
  const endings = new Map<Prediction, PromiseWithResolvers<void>>()

  const later = (prediction: Prediction, ms: number, call: () => void) =>
    timers.get(prediction)?.add(clock.after(ms, call))

  const end = (prediction: Prediction, status: Status) => {
    for (const callOff of timers.get(prediction) ?? []) callOff()
    timers.delete(prediction)
    prediction.status = status
    prediction.completedAt = clock.now()
    const ran = prediction.startedAt !== null
    // What succeeded is charged, and what was ended while it ran.
    const charged = status === 'succeeded' || (status === 'canceled' && ran)
    prediction.costMicros = charged ? [...prediction.text].length * prediction.model.microsPerCharacter : 0
    clock.after(retentionMs, () => {
      prediction.removed = true
    })
    endings.get(prediction)?.resolve()
    notify(prediction, 'completed')
  }

  const fail = (prediction: Prediction, error: string) => {
    prediction.error = error
    end(prediction, 'failed')
  }

  const finish = (prediction: Prediction, fault: RunFault | undefined) => {
    if (fault?.kind === 'sound') prediction.sound = fault.sound
    prediction.output = fault?.kind === 'output' ? fault.output : publish(prediction)
    notify(prediction, 'output')
    end(prediction, 'succeeded')
    if (fault?.kind === 'remove') prediction.removed = true
  }

  const run = (prediction: Prediction, fault: RunFault | undefined) => {
    prediction.status = 'processing'
    prediction.startedAt = clock.now()
    later(prediction, longestRunMs, () => fail(prediction, 'Prediction timed out'))
    if (fault?.kind === 'stick') return
    const complaint = fault?.kind === 'fail' ? fault.error : checkReference(prediction)
    later(prediction, pace.runMs, () => (complaint ? fail(prediction, complaint) : finish(prediction, fault)))
  }

  return {
    all,
    create({ cancelAfterMs, ...wanted }) {
      const prediction: Prediction = {
        ...wanted,
        id: newId(),
        text: wanted.model.text(wanted.input),
        createdAt: clock.now(),
        deadline: cancelAfterMs === null ? null : clock.now() + cancelAfterMs,
        status: 'starting',
        startedAt: null,
        completedAt: null,
        output: null,
        sound: null,
        error: null,
        removed: false,
        costMicros: 0,
      }
      all.push(prediction)
      byId.set(prediction.id, prediction)
      timers.set(prediction, new Set())
      endings.set(prediction, Promise.withResolvers())
      const fault = faults.run(prediction.text)
      if (cancelAfterMs !== null) {
        later(prediction, cancelAfterMs, () => end(prediction, prediction.startedAt === null ? 'aborted' : 'canceled'))
      }
      if (fault?.kind === 'abort') later(prediction, pace.startMs, () => end(prediction, 'aborted'))
      else if (fault?.kind !== 'wait') later(prediction, pace.startMs, () => run(prediction, fault))
      notify(prediction, 'start')
      return prediction
    },
    find: (id) => byId.get(id),
    cancel(prediction) {
      if (!isEnded(prediction)) end(prediction, 'canceled')
    },
    ended: async (prediction) => endings.get(prediction)?.promise,
  }
}

export const isEnded = ({ completedAt }: Prediction) => completedAt !== null

/** 26 of the letters and digits that Replicate's ids are made of. */
function newId(): string {
  return [...randomBytes(26)].map((byte) => 'abcdefghjkmnpqrstvwxyz0123456789'[byte % 32]).join('')
}

/** As the API shows it: what is removed is null, the input an empty object. @param origin of this server, with `/v1`. */
export function show(prediction: Prediction, origin: string): Record<string, unknown> {
  const { id, model, by, status, startedAt, completedAt, removed, deadline, createdAt } = prediction
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString())
  return {
    id,
    model: model.id,
    version: by === 'version' ? prediction.version : 'hidden',
    input: removed ? {} : prediction.input,
    logs: removed || startedAt === null ? '' : 'Sampling:  93%|█████████▎| 929/1000 [00:10<00:00, 91.37it/s]',
    output: removed ? null : prediction.output,
    data_removed: removed,
    error: prediction.error,
    source: 'api',
    status,
    created_at: time(createdAt),
    started_at: time(startedAt),
    completed_at: time(completedAt),
    ...(deadline === null ? {} : { deadline: time(deadline) }),
    ...(completedAt === null
      ? {}
      : {
          metrics: {
            ...(startedAt === null ? {} : { predict_time: (completedAt - startedAt) / 1000 }),
            total_time: (completedAt - createdAt) / 1000,
          },
        }),
    urls: {
      get: `${origin}/predictions/${id}`,
      cancel: `${origin}/predictions/${id}/cancel`,
      web: `https://replicate.com/p/${id}`,
    },
  }
}
