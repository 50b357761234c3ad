import type { AccountTable, ApiKeyTable, PlanTable, SessionTable } from './accounts.ts'
import type { EngineBreakerTable, ProviderCallTable } from './calls.ts'
import type { ConsentSampleTable, ConsentTable } from './consents.ts'
import type { AttemptTable, BudgetTable, CostMonthTable, UsageDayTable } from './cost.ts'
import type {
  EventStreamTable,
  EventTable,
  GenerationTable,
  IdempotencyTable,
  RenditionTable,
  SegmentTable,
} from './generations.ts'
import type { LeaseTable, RateTable } from './limits.ts'
import type { PronunciationTable } from './pronunciations.ts'
import type { QuotaAccountTable, QuotaEntryTable } from './quota.ts'
import type { SampleTable, UploadTable } from './samples.ts'
import type {
  VoiceAliasTable,
  VoicePreviewLeaseTable,
  VoicePreviewTable,
  VoiceSampleTable,
  VoiceTable,
} from './voices.ts'

/** Every table, as Kysely sees it: what `migrations/` made. */
export interface Database {
  plan: PlanTable
  account: AccountTable
  session: SessionTable
  api_key: ApiKeyTable
  voice: VoiceTable
  quota_account: QuotaAccountTable
  quota_entry: QuotaEntryTable
  generation: GenerationTable
  segment: SegmentTable
  rendition: RenditionTable
  event_stream: EventStreamTable
  event: EventTable
  idempotency: IdempotencyTable
  attempt: AttemptTable
  provider_call: ProviderCallTable
  engine_breaker: EngineBreakerTable
  usage_day: UsageDayTable
  cost_month: CostMonthTable
  budget: BudgetTable
  rate: RateTable
  lease: LeaseTable
  pronunciation: PronunciationTable
  sample: SampleTable
  upload: UploadTable
  consent: ConsentTable
  consent_sample: ConsentSampleTable
  voice_sample: VoiceSampleTable
  voice_alias: VoiceAliasTable
  voice_preview: VoicePreviewTable
  voice_preview_lease: VoicePreviewLeaseTable
}
