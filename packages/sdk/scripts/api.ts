/** What of the server's types is published. Named here one by one: `*` would bring the server along. */
export type { ErrorData, ErrorShape } from '@loqui/api/errors'
export type { AppRouter } from '@loqui/api/router'
export type { SessionStart } from '@loqui/api/routers/auth'
export type { AudioFormat } from '@loqui/audio/format'
export type { Flaw } from '@loqui/audio/speech/flaws'
export type { Account } from '@loqui/core/accounts/account'
export type { AccountDetails } from '@loqui/core/accounts/get'
export type { Scope } from '@loqui/core/actor'
export type { Budget } from '@loqui/core/budgets/budget'
export type { Consent } from '@loqui/core/consents/consent'
export type { ConsentStatement } from '@loqui/core/consents/statement'
export type { Issue, Reason } from '@loqui/core/errors'
export type { Estimate } from '@loqui/core/generations/estimate'
export type {
  Generation,
  GenerationError,
  GenerationEvent,
  GenerationStatus,
  GenerationSummary,
} from '@loqui/core/generations/generation'
export type { GenerationSegment } from '@loqui/core/generations/list-segments'
export type { CreatedKey } from '@loqui/core/keys/create'
export type { ApiKey } from '@loqui/core/keys/key'
export type { Link } from '@loqui/core/links/link'
export type { EngineReport } from '@loqui/core/monitoring/engines'
export type { Page } from '@loqui/core/pagination'
export type { PlanWithAccounts } from '@loqui/core/plans/list-with-accounts'
export type { Plan } from '@loqui/core/plans/plan'
export type { Pronunciation } from '@loqui/core/pronunciations/pronunciation'
export type { QuotaAdjustment } from '@loqui/core/quota/adjust'
export type { QuotaBalance } from '@loqui/core/quota/balance'
export type { QuotaEntry } from '@loqui/core/quota/entry'
export type { SampleAdvice, SampleQuality } from '@loqui/core/samples/quality'
export type { Sample } from '@loqui/core/samples/sample'
export type { CurrentUsage } from '@loqui/core/usage/current'
export type { UsageDimension, UsageReport, UsageRow, UsageSums } from '@loqui/core/usage/report'
export type { Voice } from '@loqui/core/voices/voice'
export type { EngineId, SpeakSettings } from '@loqui/engines/engine'
