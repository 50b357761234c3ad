import type { FaultInput, RequestFaultInput, RunFaultInput, WebhookFaultInput } from '@loqui/fake-replicate/faults'
import type { Pace } from '@loqui/fake-replicate/predictions'

/** How long a switch is on: so often, or so long. */
export type Extent = { readonly times: number } | { readonly forMs: number }

/** A way in which a provider fails, and what has to come of it. */
export interface ProviderSwitch {
  readonly name: string
  faults(extent: Extent): readonly FaultInput[]
  /** Some texts have this word in them, and for those the switch stays on for good: they have to fail. */
  readonly doom?: boolean
  /** Nothing goes on until the provider's own time has moved past its deadlines. */
  readonly needsTime?: boolean
  readonly pace?: Partial<Pace>
  /** It is about webhooks, which a server has to receive. */
  readonly webhooks?: boolean
}

export const doomed = 'Doomed'

/** On a request, for a while. */
const on =
  (where: 'create' | 'get' | 'list' | 'api' | 'output', fault: RequestFaultInput) =>
  (extent: Extent): readonly FaultInput[] => [{ on: where, fault, ...extent }]

/** On what is being made: for a while, and for doomed texts for good. */
const run = (fault: RunFaultInput) => ({
  doom: true,
  faults: (extent: Extent): readonly FaultInput[] => [
    { on: 'run', fault, text: doomed },
    { on: 'run', fault, ...('times' in extent ? extent : { times: 40 }) },
  ],
})

const webhook = (fault: WebhookFaultInput) => ({
  webhooks: true,
  faults: (): readonly FaultInput[] => [{ on: 'webhook', fault }],
})

/** Everything known to go wrong with Replicate, each by itself. */
export const providerSwitches: readonly ProviderSwitch[] = [
  { name: 'connections lost after accepting', faults: on('create', { kind: 'reset', after: true }) },
  { name: 'connections lost before', faults: on('create', { kind: 'reset' }) },
  { name: '429 with Retry-After', faults: on('create', { kind: 'throttle', seconds: 1 }) },
  { name: '402, no credit', faults: on('create', { kind: 'status', status: 402 }) },
  {
    name: '422, what is refused',
    doom: true,
    faults: () => [{ on: 'create', fault: { kind: 'status', status: 422 }, text: doomed }],
  },
  { name: 'a storm of 5xx', faults: on('api', { kind: 'status', status: 503 }) },
  { name: '502 after accepting', faults: on('create', { kind: 'status', status: 502, after: true }) },
  { name: 'a black hole', faults: on('api', { kind: 'black-hole', after: true }) },
  { name: 'slow answers', faults: on('create', { kind: 'drip', bytesPerSecond: 300 }) },
  { name: 'answers that break off', faults: on('api', { kind: 'truncate' }) },
  { name: 'pages for answers', faults: on('api', { kind: 'html' }) },
  { name: 'outputs that break off', faults: on('output', { kind: 'truncate' }) },
  { name: 'pages for outputs', faults: on('output', { kind: 'html' }) },
  { name: 'outputs that are gone', ...run({ kind: 'remove' }) },
  { name: 'predictions that fail', ...run({ kind: 'fail' }) },
  { name: 'predictions that are aborted', ...run({ kind: 'abort' }) },
  { name: 'predictions that do not end', needsTime: true, ...run({ kind: 'stick' }) },
  {
    name: 'a list that is behind',
    pace: { listedAfterMs: 2_000 },
    faults: on('create', { kind: 'reset', after: true }),
  },
  { name: 'webhooks that do not come', ...webhook({ kind: 'drop' }) },
  { name: 'webhooks that come ten times', ...webhook({ kind: 'duplicate', copies: 10 }) },
  { name: 'webhooks that come late', ...webhook({ kind: 'late', ms: 3_000 }) },
  { name: 'webhooks that are forged', ...webhook({ kind: 'forge' }) },
  { name: 'webhooks that are replayed', ...webhook({ kind: 'replay' }) },
]
