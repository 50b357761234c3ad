/// <reference lib="esnext.disposable" preserve="true" />
export type {
  AdjustQuotaInput,
  ListCostsInput,
  ListUsersInput,
  QuotaEntriesInput,
  RefundInput,
  SetBudgetInput,
  UpdateUserInput,
} from './admin.ts'
export type {
  Account,
  AccountDetails,
  ApiKey,
  AppRouter,
  AudioFormat,
  BrowserToken,
  Budget,
  CaptionSegment,
  Captions,
  CaptionWord,
  Consent,
  ConsentStatement,
  CreatedKey,
  CurrentUsage,
  EngineId,
  EngineReport,
  ErrorData,
  ErrorShape,
  Estimate,
  Flaw,
  Generation,
  GenerationError,
  GenerationEvent,
  GenerationSegment,
  GenerationStatus,
  GenerationSummary,
  Issue,
  LibraryEvent,
  Link,
  Page,
  Plan,
  PlanWithAccounts,
  Pronunciation,
  QuotaAdjustment,
  QuotaBalance,
  QuotaEntry,
  Reason,
  Sample,
  SampleAdvice,
  SampleQuality,
  Scope,
  SessionStart,
  SpeakSettings,
  UsageChange,
  UsageDimension,
  UsageReport,
  UsageRow,
  UsageSums,
  Voice,
} from './api.d.ts'
export type { RequestOptions } from './attempt.ts'
export type { LinkOptions } from './audio-link.ts'
export type { LoginInput, RegisterInput } from './auth.ts'
export type { ConsentStatementInput, CreateConsentInput, ListConsentsInput } from './consents.ts'
export type { TokenSource } from './credentials.ts'
export type { Debug, DebugEntry } from './debug.ts'
export {
  ConflictError,
  ConnectionError,
  type ErrorDetails,
  type ErrorReason,
  GenerationFailedError,
  InvalidInputError,
  LoquiError,
  NotFoundError,
  PermissionDeniedError,
  QuotaExceededError,
  RateLimitedError,
  ServerError,
  TimeoutError,
  toLoquiError,
  UnauthenticatedError,
} from './errors.ts'
export type {
  AudioOptions,
  CreateGenerationInput,
  CreateGenerationOptions,
  EstimateInput,
  LinkGenerationOptions,
  ListGenerationsInput,
  ListSegmentsInput,
  RetakeInput,
  SpeakOptions,
  Speech,
  WaitOptions,
  WatchOptions,
} from './generations.ts'
export type { OnceOptions } from './idempotency.ts'
export type { CreateKeyInput } from './keys.ts'
export type { Listing, PageInput } from './listing.ts'
export { Loqui, type LoquiOptions } from './loqui.ts'
export { toNodeStream } from './node-stream.ts'
export type { OutputInput } from './output.ts'
export type { CreatePronunciationInput, UpdatePronunciationInput } from './pronunciations.ts'
export { Pronunciations } from './pronunciations.ts'
export type { ListSamplesInput, UploadProgress, UploadSampleOptions } from './samples.ts'
export type { SampleSource } from './source.ts'
export type { CreateTokenInput } from './tokens.ts'
export type { UsageHistoryInput } from './usage.ts'
export type { CreateVoiceInput, ListVoicesInput, UpdateVoiceInput } from './voices.ts'
