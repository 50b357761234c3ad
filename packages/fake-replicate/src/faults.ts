import { z } from 'zod'
import type { Clock } from './clock.ts'
import { badSounds } from './voice.ts'

/** What can go wrong with a request. `after`: when it has been carried out already. */
const requestFault = z.discriminatedUnion('kind', [
  /** The connection is destroyed. */
  z.strictObject({ kind: z.literal('reset'), after: z.boolean().default(false) }),
  /** Nothing is ever answered. */
  z.strictObject({ kind: z.literal('black-hole'), after: z.boolean().default(false) }),
  /** Answers with a status, and the body that belongs to it. */
  z.strictObject({ kind: z.literal('status'), status: z.int().min(400).max(599), after: z.boolean().default(false) }),
  /** 429. */
  z.strictObject({ kind: z.literal('throttle'), seconds: z.int().min(0) }),
  /** The answer trickles. */
  z.strictObject({ kind: z.literal('drip'), bytesPerSecond: z.number().positive() }),
  /** The answer ends in the middle of what was announced. */
  z.strictObject({ kind: z.literal('truncate') }),
  /** Another answer than was asked for, with status 200. */
  z.strictObject({ kind: z.literal('html') }),
  z.strictObject({ kind: z.literal('json') }),
  /** Whatever stands there, whatever the type says: for WAV files of other shapes. */
  z.strictObject({ kind: z.literal('bytes'), base64: z.string(), contentType: z.string().default('audio/wav') }),
  /** 302. */
  z.strictObject({ kind: z.literal('redirect'), location: z.string() }),
])

/** What can happen to a prediction. */
const runFault = z.discriminatedUnion('kind', [
  /** Its deadline passes before it runs. */
  z.strictObject({ kind: z.literal('abort') }),
  z.strictObject({ kind: z.literal('fail'), error: z.string().default('CUDA out of memory') }),
  /** It runs and does not end. */
  z.strictObject({ kind: z.literal('stick') }),
  /** It waits and does not run. */
  z.strictObject({ kind: z.literal('wait') }),
  /** It succeeds with another output than its audio. */
  z.strictObject({ kind: z.literal('output'), output: z.unknown() }),
  /** It succeeds, and its audio is what models make now and then. */
  z.strictObject({ kind: z.literal('sound'), sound: z.enum(badSounds) }),
  /** It succeeds, and everything of it is removed at once. */
  z.strictObject({ kind: z.literal('remove') }),
])

/** What can happen to a webhook. */
const webhookFault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('drop') }),
  z.strictObject({ kind: z.literal('duplicate'), copies: z.int().min(1).default(10) }),
  /** It comes after those that were sent after it. */
  z.strictObject({ kind: z.literal('late'), ms: z.int().min(0) }),
  /** Signed with another key. */
  z.strictObject({ kind: z.literal('forge') }),
  /** Signed rightly, so many seconds ago. */
  z.strictObject({ kind: z.literal('replay'), secondsAgo: z.int().default(600) }),
])

const scope = {
  /** So often; otherwise until it is taken back. */
  times: z.int().positive().optional(),
  /** So long. */
  forMs: z.number().positive().optional(),
  /** Only of predictions with this in their text. */
  text: z.string().optional(),
}

/** A switch: what goes wrong, where, and how often. */
export const faultSchema = z.discriminatedUnion('on', [
  z.strictObject({
    on: z.enum(['create', 'get', 'list', 'cancel', 'upload', 'output', 'api']),
    fault: requestFault,
    ...scope,
  }),
  z.strictObject({ on: z.literal('run'), fault: runFault, ...scope }),
  z.strictObject({ on: z.literal('webhook'), fault: webhookFault, ...scope }),
])

export type FaultInput = z.input<typeof faultSchema>
export type RequestFaultInput = z.input<typeof requestFault>
export type RunFaultInput = z.input<typeof runFault>
export type WebhookFaultInput = z.input<typeof webhookFault>
export type RequestFault = z.output<typeof requestFault>
export type RunFault = z.output<typeof runFault>
export type WebhookFault = z.output<typeof webhookFault>

/** What a request is for. `api` in a switch stands for all of them but `output`. */
export type Action = 'create' | 'get' | 'list' | 'cancel' | 'upload' | 'output' | 'other'

export interface Faults {
  add(fault: FaultInput): void
  clear(): void
  /** The fault that happens now, which uses it up by one. The first that was added comes first. */
  request(action: Action, text?: string): RequestFault | undefined
  run(text: string): RunFault | undefined
  webhook(text: string): WebhookFault | undefined
}

export function createFaults(clock: Clock): Faults {
  const requests = createSwitches<Extract<Fault, { on: Action | 'api' }>>(clock)
  const runs = createSwitches<Extract<Fault, { on: 'run' }>>(clock)
  const webhooks = createSwitches<Extract<Fault, { on: 'webhook' }>>(clock)
  return {
    add(input) {
      const fault = faultSchema.parse(input)
      if (fault.on === 'run') runs.add(fault)
      else if (fault.on === 'webhook') webhooks.add(fault)
      else requests.add(fault)
    },
    clear() {
      for (const each of [requests, runs, webhooks]) each.clear()
    },
    request: (action, text) => requests.take(text, ({ on }) => on === action || (on === 'api' && action !== 'output')),
    run: (text) => runs.take(text),
    webhook: (text) => webhooks.take(text),
  }
}

type Fault = z.output<typeof faultSchema>

/** Switches of one kind, in the order they came. */
function createSwitches<Switch extends Pick<Fault, 'times' | 'forMs' | 'text'> & { readonly fault: unknown }>(
  clock: Clock,
) {
  let all: { readonly set: Switch; left: number; readonly until: number }[] = []
  return {
    add(set: Switch) {
      all.push({ set, left: set.times ?? Infinity, until: clock.now() + (set.forMs ?? Infinity) })
    },
    clear() {
      all = []
    },
    take(text: string | undefined, matches: (set: Switch) => boolean = () => true): Switch['fault'] | undefined {
      const found = all.find(
        ({ set, left, until }) =>
          left > 0 &&
          clock.now() < until &&
          matches(set) &&
          (set.text === undefined || text?.includes(set.text) === true),
      )
      if (!found) return undefined
      found.left -= 1
      return found.set.fault
    },
  }
}
